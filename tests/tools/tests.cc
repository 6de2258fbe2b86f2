// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::tools {

Suite* dump_result_suite();
Suite* pipe_relay_suite();
Suite* progress_text_suite();
Suite* remote_dump_suite();
Suite* screen_text_suite();
Suite* signal_watch_suite();
Suite* spare_heap_suite();
Suite* wide_text_suite();

}  // namespace guestdump::tools

int main() {
    return guestdump::support::run_suites({
        guestdump::tools::dump_result_suite(),
        guestdump::tools::pipe_relay_suite(),
        guestdump::tools::progress_text_suite(),
        guestdump::tools::remote_dump_suite(),
        guestdump::tools::screen_text_suite(),
        guestdump::tools::signal_watch_suite(),
        guestdump::tools::spare_heap_suite(),
        guestdump::tools::wide_text_suite(),
    });
}
