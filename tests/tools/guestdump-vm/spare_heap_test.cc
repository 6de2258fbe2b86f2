// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump-vm/spare_heap.h"

#include <cstdint>
#include <cstdlib>
#include <thread>

#include "tests/support/memory_limit.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::tools {

using support::limit_memory;
using support::must;
using support::must_fail;

Suite* spare_heap_suite();

namespace {

constexpr size_t kSmall = 1000;

/// Allocates small pieces with malloc() and keeps them. Returns how many bytes it got.
size_t take(size_t most) {
    for (size_t taken = 0; taken < most; taken += kSmall) {
        void* volatile piece = std::malloc(kSmall);  // volatile, or the compiler removes the call
        if (!piece) return taken;
    }
    return most;
}

START_TEST(what_was_made_sure_of_is_there_when_the_host_gives_no_more) {
    keep_spare_heap();
    must(check_spare_heap());
    limit_memory(0);
    ck_assert_uint_ge(take(kSpareHeap / 2), kSpareHeap / 2);
}
END_TEST

START_TEST(a_thread_that_is_started_then_has_it_too) {
    keep_spare_heap();
    must(check_spare_heap());
    limit_memory(size_t{9} << 20);  // for the thread's stack
    size_t taken = 0;
    std::thread([&] { taken = take(kSpareHeap / 2); }).join();
    ck_assert_uint_ge(taken, kSpareHeap / 2);
}
END_TEST

START_TEST(a_heap_that_cannot_have_it_is_an_error) {
    keep_spare_heap();
    limit_memory(0);
    take(SIZE_MAX);
    limit_memory(size_t{1} << 20);  // to print the message
    must_fail(check_spare_heap(), "having 16777216 bytes of heap to spare: Cannot allocate memory");
}
END_TEST

START_TEST(room_for_the_spare_alone_is_enough) {
    keep_spare_heap();
    limit_memory(0);
    take(SIZE_MAX);
    limit_memory(kSpareHeap + (size_t{2} << 20));
    must(check_spare_heap());
}
END_TEST

}  // namespace

Suite* spare_heap_suite() {
    if (!support::kHasGlibcMalloc) return support::make_suite("spare_heap", {});
    return support::make_suite("spare_heap",
                               {
                                   what_was_made_sure_of_is_there_when_the_host_gives_no_more,
                                   a_thread_that_is_started_then_has_it_too,
                                   a_heap_that_cannot_have_it_is_an_error,
                                   room_for_the_spare_alone_is_enough,
                               });
}

}  // namespace guestdump::tools
