// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::dump {

Suite* dump_state_suite();
Suite* dump_to_suite();
Suite* elf_writer_suite();
Suite* kdump_writer_suite();
Suite* live_dump_suite();
Suite* page_filter_suite();
Suite* stream_sink_suite();
Suite* vbox_writer_suite();

}  // namespace guestdump::dump

int main() {
    return guestdump::support::run_suites({
        guestdump::dump::dump_state_suite(),
        guestdump::dump::dump_to_suite(),
        guestdump::dump::elf_writer_suite(),
        guestdump::dump::kdump_writer_suite(),
        guestdump::dump::live_dump_suite(),
        guestdump::dump::page_filter_suite(),
        guestdump::dump::stream_sink_suite(),
        guestdump::dump::vbox_writer_suite(),
    });
}
