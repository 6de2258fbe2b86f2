// SPDX-License-Identifier: GPL-2.0-or-later
#include <unistd.h>

#include <cstring>

#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vm/memory/watched_ram.h"

/// Those that write to memory during a live dump: what they wait for, and what is copied for them.

namespace guestdump::vm {

Suite* live_writers_suite();

namespace {

using support::Bytes;
using support::must;
using support::must_fail;

START_TEST(writer_waits_for_the_pool_until_pages_are_read) {
    for (const auto& ram : every_kind()) {
        write(*ram, 0, kPages, 0);
        const auto memory = live(ram, 2 * kPage);
        freeze(*memory);
        begin(*memory);
        Writer writer([&] { write(*ram, 0, 4, 1); });
        ck_assert(writer.still_waits());
        ck_assert_uint_eq(memory->statistics().pool_waits, 1);
        check_page({page(*ram, 2), kPage}, value(2, 0));

        // Makes room in the pool for one more page.
        Bytes found(kPage);
        must(memory->read(0, 0, found));
        check_page(found, value(0, 0));
        ck_assert(writer.still_waits());
        check_page({page(*ram, 2), kPage}, value(2, 1));

        // Reads the page whose writer waits.
        must(memory->read(0, 3 * kPage, found));
        check_page(found, value(3, 0));
        writer.join();
        for (const uint64_t number : {1, 2}) {
            must(memory->read(0, number * kPage, found));
            check_page(found, value(number, 0));
        }
    }
}
END_TEST

START_TEST(nobody_waits_for_the_pool_while_somebody_is_in_a_hurry) {
    const auto ram = every_kind()[0];
    write(*ram, 0, kPages, 0);
    const auto memory = live(ram, kPage);
    freeze(*memory);
    Writer writer([&] { write(*ram, 0, 100, 1); });
    ck_assert(writer.still_waits());
    {
        const LiveMemory::Hurry hurry(memory);
        writer.join();
    }
    Bytes read(100 * kPage);
    must(memory->read(0, 0, read));
    for (uint64_t number = 0; number < 100; ++number)
        check_page(std::span(read).subspan(number * kPage, kPage), value(number, 0));
    Writer another([&] { write(*ram, 100, 101, 1); });
    ck_assert(another.still_waits());
    memory->end();
}
END_TEST

START_TEST(zero_pages_need_no_room) {
    for (const auto& ram : every_kind()) {
        std::memset(ram->host(), 0, 100 * kPage);
        const auto memory = live(ram, kPage);
        freeze(*memory);
        write(*ram, 0, 200, 1);
        ck_assert_uint_eq(memory->statistics().pages_copied, 0);
        Bytes read(200 * kPage);
        must(memory->read(0, 0, read));
        check_page(read, std::byte{0});
    }
}
END_TEST

START_TEST(pages_that_nobody_needs_are_let_go) {
    for (const auto& ram : every_kind()) {
        write(*ram, 0, kPages, 0);
        const auto memory = live(ram, kPage);
        freeze(*memory);
        begin(*memory, 100, 200);
        write(*ram, 0, 100, 1);
        write(*ram, 200, kPages, 1);
        ck_assert_uint_eq(memory->statistics().pages_copied, 0);
        Bytes found(kPage);
        must_fail(memory->read(0, 0, found), "is read after it was let go");
        must(memory->read(0, 100 * kPage, found));
        check_page(found, value(100, 0));
    }
}
END_TEST

START_TEST(end_lets_waiting_writers_go_on) {
    for (const auto& ram : every_kind()) {
        write(*ram, 0, kPages, 0);
        const auto memory = live(ram, kPage);
        freeze(*memory);
        Writer one([&] { write(*ram, 0, 100, 1); });
        Writer other([&] { write(*ram, 500, 600, 1); });
        ck_assert(one.still_waits() && other.still_waits());
        memory->end();
        one.join();
        other.join();
        ck_assert_uint_eq(protected_pages(*ram), 0);
        Bytes found(kPage);
        must_fail(memory->read(0, 0, found), "no longer holds the guest's memory");
        memory->end();
    }
}
END_TEST

START_TEST(many_writers_and_readers_at_once) {
    const auto ram = every_kind()[0];
    write(*ram, 0, kPages, 0);
    for (int round = 0; round < 20; ++round) {
        const auto memory = live(ram, 16 * kPage);
        std::atomic<bool> stop{false};
        std::atomic<int> generation{2 * round + 1};
        const auto sweep = [&](uint64_t from) {
            while (!stop) write(*ram, from, from + kPages / 4, generation);
        };
        must(memory->arm(util::Cancellation()));
        must(memory->freeze());
        std::vector<std::jthread> writers;
        for (uint64_t i = 0; i < 4; ++i) writers.emplace_back(sweep, i * (kPages / 4));
        begin(*memory);
        Bytes read(ram->size());
        std::atomic<uint64_t> next{0};
        const auto reader = [&] {
            for (uint64_t at = 0; at = next.fetch_add(13 * kPage), at < read.size();)
                must(memory->read(
                    0, at, std::span(read).subspan(at, std::min(13 * kPage, read.size() - at))));
        };
        std::jthread one(reader), other(reader);
        one.join();
        other.join();
        stop = true;
        writers.clear();
        memory->end();
        for (uint64_t number = 0; number < kPages; ++number)
            check_page(std::span(read).subspan(number * kPage, kPage),
                       value(number, round == 0 ? 0 : 2 * round + 1000));
        write(*ram, 0, kPages, 2 * (round + 1) + 1000);
    }
}
END_TEST

START_TEST(a_writer_that_goes_through_memory_waits_once_for_many_pages) {
    for (const auto& ram : every_kind()) {
        write(*ram, 0, kPages, 0);
        const auto memory = live(ram);
        freeze(*memory);
        write(*ram, 0, kPages, 1);
        ck_assert_uint_le(memory->statistics().write_faults, 40);
        ck_assert_uint_eq(memory->statistics().pages_copied, kPages);
        Bytes read(ram->size());
        must(memory->read(0, 0, read));
        for (uint64_t number = 0; number < kPages; ++number)
            check_page(std::span(read).subspan(number * kPage, kPage), value(number, 0));
    }
}
END_TEST

START_TEST(a_writer_anywhere_waits_for_each_page_and_has_only_that_copied) {
    const auto ram = every_kind()[0];
    write(*ram, 0, kPages, 0);
    const auto memory = live(ram);
    freeze(*memory);
    for (uint64_t number = 1000; number > 0; number -= 2) write(*ram, number, number + 1, 1);
    ck_assert_uint_eq(memory->statistics().write_faults, 500);
    ck_assert_uint_eq(memory->statistics().pages_copied, 500);
}
END_TEST

/// The thread that serves faults would wait for itself.
START_TEST(unpopulated_pages_before_a_writer_are_not_touched) {
    const auto ram = every_kind()[0];
    for (uint64_t number = 0; number < kPages; ++number)
        if (number % 9 != 8) write(*ram, number, number + 1, 0);
    const auto memory = live(ram);
    freeze(*memory);
    write(*ram, 0, kPages, 1);
    Bytes read(ram->size());
    must(memory->read(0, 0, read));
    for (uint64_t number = 0; number < kPages; ++number)
        check_page(std::span(read).subspan(number * kPage, kPage),
                   number % 9 == 8 ? std::byte{0} : value(number, 0));
}
END_TEST

START_TEST(a_full_pool_takes_no_pages_before_a_writer) {
    const auto ram = every_kind()[0];
    write(*ram, 0, kPages, 0);
    const auto memory = live(ram, 5 * kPage);
    freeze(*memory);
    Writer writer([&] { write(*ram, 0, 6, 1); });
    ck_assert(writer.still_waits());
    ck_assert_uint_eq(memory->statistics().pages_copied, 5);
    check_page({page(*ram, 4), kPage}, value(4, 1));
    check_page({page(*ram, 5), kPage}, value(5, 0));
    memory->end();
}
END_TEST

}  // namespace

Suite* live_writers_suite() {
    if (access("/dev/userfaultfd", R_OK | W_OK) != 0) return suite_create("live_writers");
    return support::make_suite("live_writers",
                               {writer_waits_for_the_pool_until_pages_are_read,
                                nobody_waits_for_the_pool_while_somebody_is_in_a_hurry,
                                zero_pages_need_no_room, pages_that_nobody_needs_are_let_go,
                                end_lets_waiting_writers_go_on, many_writers_and_readers_at_once,
                                a_writer_that_goes_through_memory_waits_once_for_many_pages,
                                a_writer_anywhere_waits_for_each_page_and_has_only_that_copied,
                                unpopulated_pages_before_a_writer_are_not_touched,
                                a_full_pool_takes_no_pages_before_a_writer});
}

}  // namespace guestdump::vm
