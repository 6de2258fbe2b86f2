// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* btf_suite();
Suite* cached_memory_suite();
Suite* guest_utsname_suite();
Suite* hostile_map_suite();
Suite* kallsyms_search_suite();
Suite* kallsyms_suite();
Suite* kernel_image_suite();
Suite* kernel_log_suite();
Suite* kernel_memory_suite();
Suite* kernel_state_suite();
Suite* list_walk_suite();
Suite* modules_suite();
Suite* orc_suite();
Suite* page_classes_suite();
Suite* page_filter_trust_suite();
Suite* page_judge_suite();
Suite* page_rules_suite();
Suite* symbol_table_suite();
Suite* task_reader_suite();
Suite* unwinder_suite();
Suite* vmcoreinfo_suite();

}  // namespace guestdump::linux_guest

int main() {
    return guestdump::support::run_suites({
        guestdump::linux_guest::btf_suite(),
        guestdump::linux_guest::cached_memory_suite(),
        guestdump::linux_guest::guest_utsname_suite(),
        guestdump::linux_guest::hostile_map_suite(),
        guestdump::linux_guest::kallsyms_search_suite(),
        guestdump::linux_guest::kallsyms_suite(),
        guestdump::linux_guest::kernel_image_suite(),
        guestdump::linux_guest::kernel_log_suite(),
        guestdump::linux_guest::kernel_memory_suite(),
        guestdump::linux_guest::kernel_state_suite(),
        guestdump::linux_guest::list_walk_suite(),
        guestdump::linux_guest::modules_suite(),
        guestdump::linux_guest::orc_suite(),
        guestdump::linux_guest::page_classes_suite(),
        guestdump::linux_guest::page_filter_trust_suite(),
        guestdump::linux_guest::page_judge_suite(),
        guestdump::linux_guest::page_rules_suite(),
        guestdump::linux_guest::symbol_table_suite(),
        guestdump::linux_guest::task_reader_suite(),
        guestdump::linux_guest::unwinder_suite(),
        guestdump::linux_guest::vmcoreinfo_suite(),
    });
}
