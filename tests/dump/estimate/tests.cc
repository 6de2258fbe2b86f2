// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::dump {

Suite* inspection_queue_suite();
Suite* size_estimate_suite();

}  // namespace guestdump::dump

int main() {
    return guestdump::support::run_suites(
        {guestdump::dump::inspection_queue_suite(), guestdump::dump::size_estimate_suite()});
}
