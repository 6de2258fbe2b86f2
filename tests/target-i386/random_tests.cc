// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::target_i386 {

Suite* page_walk_random_suite();

}  // namespace guestdump::target_i386

int main() {
    return guestdump::support::run_suites({guestdump::target_i386::page_walk_random_suite()});
}
