// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* guest_utsname_suite();
Suite* kernel_image_suite();
Suite* vmcoreinfo_search_suite();
Suite* vmcoreinfo_suite();

}  // namespace guestdump::linux_guest

int main() {
    return guestdump::support::run_suites({
        guestdump::linux_guest::guest_utsname_suite(),
        guestdump::linux_guest::kernel_image_suite(),
        guestdump::linux_guest::vmcoreinfo_search_suite(),
        guestdump::linux_guest::vmcoreinfo_suite(),
    });
}
