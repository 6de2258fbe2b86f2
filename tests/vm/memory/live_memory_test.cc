// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/memory/live_memory.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vm/memory/watched_ram.h"
#include "util/unique_fd.h"

namespace guestdump::vm {

Suite* live_memory_suite();

namespace {

using support::Bytes;
using support::must;
using support::must_fail;
using Backend = RamSpec::Backend;

START_TEST(memory_of_the_moment_is_read_while_it_is_overwritten) {
    for (const auto& ram : every_kind()) {
        // Given: all pages but one populated.
        write(*ram, 0, 500, 0);
        write(*ram, 501, kPages, 0);
        const auto memory = live(ram);
        freeze(*memory);

        // When
        Writer writer([&] { write(*ram, 0, kPages, 1); });
        begin(*memory);
        Bytes read(ram->size());
        for (uint64_t at = 0; at < read.size(); at += 7 * kPage) {
            const auto part = std::span(read).subspan(at, std::min(7 * kPage, read.size() - at));
            must(memory->read(0, at, part));
        }
        writer.join();
        memory->end();

        // Then
        for (uint64_t number = 0; number < kPages; ++number) {
            const auto found = std::span(read).subspan(number * kPage, kPage);
            check_page(found, number == 500 ? std::byte{0} : value(number, 0));
            check_page({page(*ram, number), kPage}, value(number, 1));
        }
        ck_assert_uint_eq(protected_pages(*ram), 0);
    }
}
END_TEST

START_TEST(what_is_written_while_arming_belongs_to_the_moment) {
    for (const auto& ram : every_kind()) {
        write(*ram, 0, 800, 0);
        const auto memory = live(ram);
        must(memory->arm(util::Cancellation()));
        write(*ram, 100, 900, 1);  // populated pages, and unpopulated ones
        must(memory->freeze());
        Writer writer([&] { write(*ram, 0, kPages, 2); });
        writer.join();
        Bytes read(ram->size());
        must(memory->read(0, 0, read));
        for (uint64_t number = 0; number < kPages; ++number) {
            const bool again = number >= 100 && number < 900;
            check_page(std::span(read).subspan(number * kPage, kPage), again ? value(number, 1)
                                                                       : number < 800
                                                                           ? value(number, 0)
                                                                           : std::byte{0});
        }
    }
}
END_TEST

START_TEST(pages_are_read_again_and_again_before_they_are_written) {
    const auto ram = every_kind()[0];
    write(*ram, 0, kPages, 0);
    const auto memory = live(ram);
    freeze(*memory);
    Bytes found(2 * kPage);
    for (int generation = 1; generation < 5; ++generation) {
        must(memory->read(0, kPage / 2, found));
        check_page(std::span(found).first(kPage / 2), value(0, 0));
        check_page(std::span(found).subspan(kPage / 2, kPage), value(1, 0));
        check_page(std::span(found).last(kPage / 2), value(2, 0));
        write(*ram, 0, 3, generation);
    }
    ck_assert_uint_eq(memory->statistics().pages_copied, 3);
}
END_TEST

START_TEST(page_that_was_written_cannot_be_read_again) {
    const auto ram = every_kind()[0];
    write(*ram, 0, kPages, 0);
    const auto memory = live(ram);
    freeze(*memory);
    begin(*memory);
    Bytes found(kPage);
    must(memory->read(0, kPage, found));
    must_fail(memory->read(0, kPage, found),
              "page 0x1 of guest memory 'ram0' is read after it was let go");
    // Reading a part of a page does not release the page.
    must(memory->read(0, 2 * kPage, std::span(found).first(kPage / 2)));
    write(*ram, 2, 3, 1);
    must(memory->read(0, 2 * kPage + kPage / 2, std::span(found).first(kPage / 2)));
    check_page(std::span(found).first(kPage / 2), value(2, 0));
}
END_TEST

START_TEST(page_seen_at_two_addresses_can_be_read_twice) {
    const auto ram = every_kind()[0];
    write(*ram, 0, kPages, 0);
    const auto memory = live(ram, kPool, true);
    freeze(*memory);
    begin(*memory);
    Bytes found(kPage);
    must(memory->read(0, kPage, found));
    write(*ram, 1, 2, 1);
    must(memory->read(0, kPage, found));
    check_page(found, value(1, 0));
}
END_TEST

START_TEST(whatever_has_been_read_is_no_longer_protected) {
    const auto ram = every_kind()[0];
    write(*ram, 0, kPages, 0);
    const auto memory = live(ram);
    freeze(*memory);
    ck_assert_uint_eq(protected_pages(*ram), kPages);
    begin(*memory);
    Bytes read(1024 * kPage);
    must(memory->read(0, 0, read));
    ck_assert_uint_eq(protected_pages(*ram), 3);
    write(*ram, 0, 1024, 1);
    ck_assert_uint_eq(memory->statistics().write_faults, 0);
}
END_TEST

START_TEST(arming_can_be_cancelled) {
    const auto ram = every_kind()[0];
    write(*ram, 0, kPages, 0);
    const auto memory = live(ram);
    util::Cancellation cancellation;
    cancellation.cancel();
    must_fail(memory->arm(cancellation), "cancelled");
    memory->end();
    write(*ram, 0, kPages, 1);
    ck_assert_uint_eq(protected_pages(*ram), 0);
}
END_TEST

START_TEST(files_on_disks_are_refused_and_nothing_is_watched) {
    char path[] = "/var/tmp/live-memory-XXXXXX";
    const util::UniqueFd fd(mkstemp(path));
    const auto on_disk = must(Ram::create(spec(Backend::file, true, path)));
    unlink(path);
    const auto ram = every_kind()[0];
    must_fail(LiveMemory::create({{.ram = ram}, {.ram = on_disk}}, kPool),
              "guest memory 'ram0' cannot be write-protected, it must be anonymous or in tmpfs or "
              "hugetlbfs");
    write(*ram, 0, kPages, 0);
    ck_assert_uint_eq(protected_pages(*ram), 0);
}
END_TEST

START_TEST(ram_that_ends_inside_a_page_is_read_to_its_end) {
    RamSpec odd = spec(Backend::ram, false);
    odd.size -= 100;
    const auto ram = must(Ram::create(odd));
    write(*ram, 0, kPages - 1, 0);
    std::memset(page(*ram, kPages - 1), 5, kPage - 100);
    const auto memory = live(ram);
    freeze(*memory);
    begin(*memory);
    std::memset(page(*ram, kPages - 1), 6, kPage - 100);
    Bytes found(kPage - 100);
    must(memory->read(0, (kPages - 1) * kPage, found));
    check_page(found, std::byte{5});
    Bytes beyond(kPage);
    must_fail(memory->read(0, (kPages - 1) * kPage, beyond), "end beyond its");
}
END_TEST

START_TEST(huge_pages_are_protected_as_a_whole) {
    const auto ram = huge_ram(3);
    if (!ram) return;  // the host has no free huge pages
    ck_assert_uint_eq(ram->host_page(), 2 << 20);
    write(*ram, 0, 3 * 512, 0);
    const auto memory = live(ram, 600 * kPage);
    must(memory->arm(util::Cancellation()));
    write(*ram, 10, 11, 1);
    must(memory->freeze());
    Writer writer([&] {
        write(*ram, 0, 1, 2);
        write(*ram, 512, 513, 2);
    });
    ck_assert(writer.still_waits());  // there is no room for the second huge page
    begin(*memory, 0, 3 * 512);
    Bytes read(3 * 512 * kPage);
    for (uint64_t at = 0; at < read.size(); at += 256 * kPage)
        must(memory->read(0, at, std::span(read).subspan(at, 256 * kPage)));
    writer.join();
    for (uint64_t number = 0; number < 3 * 512; ++number)
        check_page(std::span(read).subspan(number * kPage, kPage),
                   value(number, number == 10 ? 1 : 0));
    check_page({page(*ram, 512), kPage}, value(512, 2));
}
END_TEST

}  // namespace

Suite* live_memory_suite() {
    if (access("/dev/userfaultfd", R_OK | W_OK) != 0) return suite_create("live_memory");
    return support::make_suite(
        "live_memory",
        {memory_of_the_moment_is_read_while_it_is_overwritten,
         what_is_written_while_arming_belongs_to_the_moment,
         pages_are_read_again_and_again_before_they_are_written,
         page_that_was_written_cannot_be_read_again, page_seen_at_two_addresses_can_be_read_twice,
         whatever_has_been_read_is_no_longer_protected, arming_can_be_cancelled,
         files_on_disks_are_refused_and_nothing_is_watched,
         ram_that_ends_inside_a_page_is_read_to_its_end, huge_pages_are_protected_as_a_whole});
}

}  // namespace guestdump::vm
