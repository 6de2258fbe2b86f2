// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace target_i386 {

Suite* arch_suite();
Suite* notes_suite();
Suite* page_walk_hostile_suite();
Suite* page_walk_random_suite();
Suite* page_walk_suite();
Suite* translate_suite();
Suite* vbox_note_suite();

}  // namespace target_i386

int main() {
    return support::run_suites(
        {target_i386::arch_suite(), target_i386::notes_suite(), target_i386::page_walk_suite(),
         target_i386::page_walk_hostile_suite(), target_i386::page_walk_random_suite(),
         target_i386::translate_suite(), target_i386::vbox_note_suite()});
}
