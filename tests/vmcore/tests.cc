// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::vmcore {

Suite* describe_suite();
Suite* elf_reader_suite();
Suite* file_source_suite();
Suite* flat_source_suite();
Suite* foreign_suite();
Suite* hostile_process_core_suite();
Suite* hostile_stream_suite();
Suite* kdump_reader_suite();
Suite* libvirt_image_suite();
Suite* memory_layout_suite();
Suite* note_list_suite();
Suite* other_machines_suite();
Suite* page_bitmap_suite();
Suite* process_core_suite();
Suite* reassemble_suite();
Suite* recorded_notes_suite();
Suite* split_set_suite();
Suite* stream_suite();
Suite* unpack_suite();
Suite* vbox_core_suite();
Suite* vmcore_suite();

}  // namespace guestdump::vmcore

int main() {
    return guestdump::support::run_suites({
        guestdump::vmcore::describe_suite(),       guestdump::vmcore::elf_reader_suite(),
        guestdump::vmcore::file_source_suite(),    guestdump::vmcore::flat_source_suite(),
        guestdump::vmcore::foreign_suite(),        guestdump::vmcore::hostile_process_core_suite(),
        guestdump::vmcore::hostile_stream_suite(), guestdump::vmcore::kdump_reader_suite(),
        guestdump::vmcore::libvirt_image_suite(),  guestdump::vmcore::memory_layout_suite(),
        guestdump::vmcore::note_list_suite(),      guestdump::vmcore::other_machines_suite(),
        guestdump::vmcore::page_bitmap_suite(),    guestdump::vmcore::process_core_suite(),
        guestdump::vmcore::reassemble_suite(),     guestdump::vmcore::recorded_notes_suite(),
        guestdump::vmcore::split_set_suite(),      guestdump::vmcore::stream_suite(),
        guestdump::vmcore::unpack_suite(),         guestdump::vmcore::vbox_core_suite(),
        guestdump::vmcore::vmcore_suite(),
    });
}
