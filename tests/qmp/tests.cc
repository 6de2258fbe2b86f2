// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::qmp {

Suite* qmp_client_suite();

}  // namespace guestdump::qmp

int main() {
    return guestdump::support::run_suites({
        guestdump::qmp::qmp_client_suite(),
    });
}
