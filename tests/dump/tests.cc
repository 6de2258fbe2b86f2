// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace dump {

Suite* guest_utsname_suite();
Suite* vmcoreinfo_suite();

}  // namespace dump

int main() {
    return support::run_suites({
        dump::guest_utsname_suite(),
        dump::vmcoreinfo_suite(),
    });
}
