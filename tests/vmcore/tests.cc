// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace vmcore {

Suite* elf_reader_suite();

}  // namespace vmcore

int main() {
    return support::run_suites({
        vmcore::elf_reader_suite(),
    });
}
