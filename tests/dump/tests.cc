// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace dump {

Suite* guest_utsname_suite();
Suite* memory_map_suite();
Suite* request_suite();
Suite* targets_suite();
Suite* vmcoreinfo_suite();

}  // namespace dump

int main() {
    return support::run_suites({
        dump::guest_utsname_suite(),
        dump::memory_map_suite(),
        dump::request_suite(),
        dump::targets_suite(),
        dump::vmcoreinfo_suite(),
    });
}
