// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::util {

Suite* crc32_suite();
Suite* daemon_suite();
Suite* mapped_array_suite();
Suite* mapped_map_suite();
Suite* mapped_vector_suite();
Suite* ordered_stages_suite();
Suite* result_suite();
Suite* round_suite();
Suite* sandbox_suite();
Suite* stored_suite();
Suite* text_suite();
Suite* thread_suite();
Suite* wakeup_suite();
Suite* weak_this_suite();
Suite* zero_suite();

}  // namespace guestdump::util

int main() {
    return guestdump::support::run_suites({
        guestdump::util::crc32_suite(),
        guestdump::util::daemon_suite(),
        guestdump::util::mapped_array_suite(),
        guestdump::util::mapped_map_suite(),
        guestdump::util::mapped_vector_suite(),
        guestdump::util::ordered_stages_suite(),
        guestdump::util::result_suite(),
        guestdump::util::round_suite(),
        guestdump::util::sandbox_suite(),
        guestdump::util::stored_suite(),
        guestdump::util::text_suite(),
        guestdump::util::thread_suite(),
        guestdump::util::wakeup_suite(),
        guestdump::util::weak_this_suite(),
        guestdump::util::zero_suite(),
    });
}
