// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::dump {

Suite* compressor_suite();
Suite* fd_sink_suite();
Suite* file_sink_suite();
Suite* flat_sink_suite();
Suite* kdump_bitmap_suite();
Suite* kdump_layout_suite();
Suite* page_chunk_suite();
Suite* page_kinds_suite();
Suite* page_sample_suite();
Suite* page_sharing_suite();
Suite* random_bytes_suite();
Suite* arguments_suite();
Suite* snapshot_suite();

}  // namespace guestdump::dump

int main() {
    return guestdump::support::run_suites({
        guestdump::dump::compressor_suite(),
        guestdump::dump::fd_sink_suite(),
        guestdump::dump::file_sink_suite(),
        guestdump::dump::flat_sink_suite(),
        guestdump::dump::kdump_bitmap_suite(),
        guestdump::dump::kdump_layout_suite(),
        guestdump::dump::page_chunk_suite(),
        guestdump::dump::page_kinds_suite(),
        guestdump::dump::page_sample_suite(),
        guestdump::dump::page_sharing_suite(),
        guestdump::dump::random_bytes_suite(),
        guestdump::dump::arguments_suite(),
        guestdump::dump::snapshot_suite(),
    });
}
