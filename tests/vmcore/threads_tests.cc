// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::vmcore {

Suite* compare_suite();
Suite* kdump_copy_suite();
Suite* other_machines_convert_suite();
Suite* page_states_suite();
Suite* partial_suite();
Suite* scan_suite();
Suite* verify_suite();

}  // namespace guestdump::vmcore

int main() {
    return guestdump::support::run_suites({
        guestdump::vmcore::compare_suite(),
        guestdump::vmcore::kdump_copy_suite(),
        guestdump::vmcore::other_machines_convert_suite(),
        guestdump::vmcore::page_states_suite(),
        guestdump::vmcore::partial_suite(),
        guestdump::vmcore::scan_suite(),
        guestdump::vmcore::verify_suite(),
    });
}
