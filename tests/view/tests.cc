// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::view {

Suite* hostile_suite();
Suite* problems_suite();
Suite* time_limit_suite();
Suite* view_suite();

}  // namespace guestdump::view

int main() {
    return guestdump::support::run_suites({
        guestdump::view::hostile_suite(),
        guestdump::view::problems_suite(),
        guestdump::view::time_limit_suite(),
        guestdump::view::view_suite(),
    });
}
