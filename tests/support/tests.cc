// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace support {

Suite* flat_reader_suite();
Suite* memory_sink_suite();

}  // namespace support

int main() {
    return support::run_suites({support::flat_reader_suite(), support::memory_sink_suite()});
}
