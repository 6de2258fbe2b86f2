// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::monitor {

Suite* endpoint_suite();
Suite* fd_sets_suite();
Suite* hmp_complete_suite();
Suite* hmp_memory_suite();
Suite* hmp_suite();
Suite* preconfig_suite();
Suite* qmp_dump_suite();
Suite* qmp_introspect_suite();
Suite* qmp_memory_suite();
Suite* qmp_objects_suite();
Suite* qmp_session_suite();
Suite* qtest_session_suite();

}  // namespace guestdump::monitor

int main() {
    return guestdump::support::run_suites({
        guestdump::monitor::endpoint_suite(),
        guestdump::monitor::fd_sets_suite(),
        guestdump::monitor::hmp_complete_suite(),
        guestdump::monitor::hmp_memory_suite(),
        guestdump::monitor::hmp_suite(),
        guestdump::monitor::preconfig_suite(),
        guestdump::monitor::qmp_dump_suite(),
        guestdump::monitor::qmp_introspect_suite(),
        guestdump::monitor::qmp_memory_suite(),
        guestdump::monitor::qmp_objects_suite(),
        guestdump::monitor::qmp_session_suite(),
        guestdump::monitor::qtest_session_suite(),
    });
}
