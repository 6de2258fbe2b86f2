// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::support {

Suite* flat_reader_suite();
Suite* memory_sink_suite();

}  // namespace guestdump::support

int main() {
    return guestdump::support::run_suites(
        {guestdump::support::flat_reader_suite(), guestdump::support::memory_sink_suite()});
}
