// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::api {

Suite* dump_suite();
Suite* registers_suite();
Suite* vmcore_suite();

}  // namespace guestdump::api

int main() {
    return guestdump::support::run_suites({
        guestdump::api::dump_suite(),
        guestdump::api::registers_suite(),
        guestdump::api::vmcore_suite(),
    });
}
