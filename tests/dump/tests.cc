// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace dump {

Suite* compressor_suite();
Suite* dump_state_suite();
Suite* elf_writer_suite();
Suite* estimate_queue_suite();
Suite* fd_sink_suite();
Suite* file_sink_suite();
Suite* flat_sink_suite();
Suite* guest_utsname_suite();
Suite* kdump_bitmap_suite();
Suite* kdump_layout_suite();
Suite* kdump_writer_suite();
Suite* kernel_image_suite();
Suite* memory_map_suite();
Suite* note_builder_suite();
Suite* page_chunk_suite();
Suite* page_kinds_suite();
Suite* page_runs_suite();
Suite* page_sample_suite();
Suite* page_sharing_suite();
Suite* random_bytes_suite();
Suite* request_suite();
Suite* size_estimate_suite();
Suite* snapshot_suite();
Suite* stream_sink_suite();
Suite* vbox_writer_suite();
Suite* vmcoreinfo_search_suite();
Suite* vmcoreinfo_suite();
Suite* zstd_codes_suite();
Suite* zstd_matches_suite();
Suite* zstd_page_suite();

}  // namespace dump

int main() {
    return support::run_suites({
        dump::compressor_suite(),     dump::dump_state_suite(),        dump::elf_writer_suite(),
        dump::estimate_queue_suite(), dump::fd_sink_suite(),           dump::file_sink_suite(),
        dump::flat_sink_suite(),      dump::guest_utsname_suite(),     dump::kdump_bitmap_suite(),
        dump::kdump_layout_suite(),   dump::kdump_writer_suite(),      dump::kernel_image_suite(),
        dump::memory_map_suite(),     dump::note_builder_suite(),      dump::page_chunk_suite(),
        dump::page_kinds_suite(),     dump::page_runs_suite(),         dump::page_sample_suite(),
        dump::page_sharing_suite(),   dump::random_bytes_suite(),      dump::request_suite(),
        dump::size_estimate_suite(),  dump::snapshot_suite(),          dump::stream_sink_suite(),
        dump::vbox_writer_suite(),    dump::vmcoreinfo_search_suite(), dump::vmcoreinfo_suite(),
        dump::zstd_codes_suite(),     dump::zstd_matches_suite(),      dump::zstd_page_suite(),
    });
}
