// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace tools {

Suite* pipe_relay_suite();
Suite* progress_text_suite();
Suite* qmp_client_suite();
Suite* remote_dump_suite();
Suite* screen_text_suite();
Suite* signal_watch_suite();
Suite* wide_text_suite();

}  // namespace tools

int main() {
    return support::run_suites({
        tools::pipe_relay_suite(),
        tools::progress_text_suite(),
        tools::qmp_client_suite(),
        tools::remote_dump_suite(),
        tools::screen_text_suite(),
        tools::signal_watch_suite(),
        tools::wide_text_suite(),
    });
}
