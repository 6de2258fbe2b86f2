// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* page_filter_suite();
Suite* vmcoreinfo_search_suite();

}  // namespace guestdump::linux_guest

int main() {
    return guestdump::support::run_suites({
        guestdump::linux_guest::page_filter_suite(),
        guestdump::linux_guest::vmcoreinfo_search_suite(),
    });
}
