// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::target_i386 {

Suite* arch_suite();
Suite* execution_suite();
Suite* kernel_pointers_suite();
Suite* notes_suite();
Suite* page_walk_hostile_suite();
Suite* page_walk_suite();
Suite* pc_memory_split_suite();
Suite* translate_suite();
Suite* vbox_note_suite();

}  // namespace guestdump::target_i386

int main() {
    return guestdump::support::run_suites(
        {guestdump::target_i386::arch_suite(), guestdump::target_i386::execution_suite(),
         guestdump::target_i386::kernel_pointers_suite(), guestdump::target_i386::notes_suite(),
         guestdump::target_i386::page_walk_suite(),
         guestdump::target_i386::page_walk_hostile_suite(),
         guestdump::target_i386::pc_memory_split_suite(), guestdump::target_i386::translate_suite(),
         guestdump::target_i386::vbox_note_suite()});
}
