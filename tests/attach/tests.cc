// SPDX-License-Identifier: GPL-2.0-or-later
#include <csignal>

#include "tests/support/run_suites.h"

namespace guestdump::attach {

Suite* core_head_suite();
Suite* drainer_suite();
Suite* held_guest_suite();
Suite* host_memory_suite();
Suite* live_fit_suite();
Suite* live_snapshot_suite();
Suite* memory_maps_suite();
Suite* page_map_suite();
Suite* process_suite();
Suite* questions_suite();
Suite* spool_suite();
Suite* write_protection_suite();

}  // namespace guestdump::attach

int main() {
    std::signal(SIGPIPE, SIG_IGN);  // as guestdump does
    return guestdump::support::run_suites({
        guestdump::attach::core_head_suite(),
        guestdump::attach::drainer_suite(),
        guestdump::attach::held_guest_suite(),
        guestdump::attach::host_memory_suite(),
        guestdump::attach::live_fit_suite(),
        guestdump::attach::live_snapshot_suite(),
        guestdump::attach::memory_maps_suite(),
        guestdump::attach::page_map_suite(),
        guestdump::attach::process_suite(),
        guestdump::attach::questions_suite(),
        guestdump::attach::spool_suite(),
        guestdump::attach::write_protection_suite(),
    });
}
