// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace dump {

Suite* dump_state_suite();
Suite* elf_writer_suite();
Suite* guest_utsname_suite();
Suite* memory_map_suite();
Suite* note_builder_suite();
Suite* request_suite();
Suite* snapshot_suite();
Suite* targets_suite();
Suite* vmcoreinfo_suite();

}  // namespace dump

int main() {
    return support::run_suites({
        dump::dump_state_suite(),
        dump::elf_writer_suite(),
        dump::guest_utsname_suite(),
        dump::memory_map_suite(),
        dump::note_builder_suite(),
        dump::request_suite(),
        dump::snapshot_suite(),
        dump::targets_suite(),
        dump::vmcoreinfo_suite(),
    });
}
