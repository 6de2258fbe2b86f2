// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::guest {

Suite* memory_map_suite();
Suite* note_builder_suite();
Suite* page_set_suite();

}  // namespace guestdump::guest

int main() {
    return guestdump::support::run_suites({
        guestdump::guest::memory_map_suite(),
        guestdump::guest::note_builder_suite(),
        guestdump::guest::page_set_suite(),
    });
}
