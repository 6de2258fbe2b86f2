// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace monitor {

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

}  // namespace monitor

int main() {
    return support::run_suites({
        monitor::endpoint_suite(),
        monitor::fd_sets_suite(),
        monitor::hmp_complete_suite(),
        monitor::hmp_memory_suite(),
        monitor::hmp_suite(),
        monitor::preconfig_suite(),
        monitor::qmp_dump_suite(),
        monitor::qmp_introspect_suite(),
        monitor::qmp_memory_suite(),
        monitor::qmp_objects_suite(),
        monitor::qmp_session_suite(),
        monitor::qtest_session_suite(),
    });
}
