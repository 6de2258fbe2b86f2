// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace vmcore {

Suite* compare_suite();
Suite* describe_suite();
Suite* elf_reader_suite();
Suite* file_source_suite();
Suite* flat_source_suite();
Suite* hostile_process_core_suite();
Suite* kdump_copy_suite();
Suite* kdump_reader_suite();
Suite* note_list_suite();
Suite* page_runs_suite();
Suite* process_core_suite();
Suite* scan_suite();
Suite* vbox_core_suite();
Suite* verify_suite();
Suite* vmcore_suite();

}  // namespace vmcore

int main() {
    return support::run_suites({
        vmcore::compare_suite(),
        vmcore::describe_suite(),
        vmcore::elf_reader_suite(),
        vmcore::file_source_suite(),
        vmcore::flat_source_suite(),
        vmcore::hostile_process_core_suite(),
        vmcore::kdump_copy_suite(),
        vmcore::kdump_reader_suite(),
        vmcore::note_list_suite(),
        vmcore::page_runs_suite(),
        vmcore::process_core_suite(),
        vmcore::scan_suite(),
        vmcore::vbox_core_suite(),
        vmcore::verify_suite(),
        vmcore::vmcore_suite(),
    });
}
