// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::guest {

Suite* mapped_region_suite();
Suite* memory_map_suite();
Suite* note_builder_suite();
Suite* page_set_suite();
Suite* range_list_suite();

}  // namespace guestdump::guest

int main() {
    return guestdump::support::run_suites({
        guestdump::guest::mapped_region_suite(),
        guestdump::guest::memory_map_suite(),
        guestdump::guest::note_builder_suite(),
        guestdump::guest::page_set_suite(),
        guestdump::guest::range_list_suite(),
    });
}
