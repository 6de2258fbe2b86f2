// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace util {

Suite* crc32_suite();
Suite* daemon_suite();
Suite* mapped_array_suite();
Suite* mapped_map_suite();
Suite* mapped_vector_suite();
Suite* ordered_stages_suite();
Suite* result_suite();
Suite* sandbox_suite();
Suite* spare_heap_suite();
Suite* stored_suite();
Suite* text_suite();
Suite* thread_suite();
Suite* zero_suite();

}  // namespace util

int main() {
    return support::run_suites({
        util::crc32_suite(),
        util::daemon_suite(),
        util::mapped_array_suite(),
        util::mapped_map_suite(),
        util::mapped_vector_suite(),
        util::ordered_stages_suite(),
        util::result_suite(),
        util::sandbox_suite(),
        util::spare_heap_suite(),
        util::stored_suite(),
        util::text_suite(),
        util::thread_suite(),
        util::zero_suite(),
    });
}
