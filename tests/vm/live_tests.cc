// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::vm {

Suite* live_machine_suite();
Suite* live_memory_suite();
Suite* live_writers_suite();
Suite* write_ahead_suite();

}  // namespace guestdump::vm

int main() {
    return guestdump::support::run_suites(
        {guestdump::vm::live_machine_suite(), guestdump::vm::live_memory_suite(),
         guestdump::vm::live_writers_suite(), guestdump::vm::write_ahead_suite()});
}
