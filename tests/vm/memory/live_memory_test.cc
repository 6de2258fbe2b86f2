// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/memory/live_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fstream>
#include <functional>
#include <thread>

#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "util/unique_fd.h"

namespace guestdump::vm {

Suite* live_memory_suite();

namespace {

using support::Bytes;
using support::must;
using support::must_fail;
using Backend = RamSpec::Backend;

constexpr uint64_t kPage = 4096;
constexpr uint64_t kPages = 1024 + 3;
constexpr uint64_t kPool = 64 << 20;

RamSpec spec(Backend backend, bool share, std::string path = {}, uint64_t pages = kPages) {
    RamSpec spec;
    spec.backend = backend;
    spec.id = "ram0";
    spec.size = pages * kPage;
    spec.mem_path = std::move(path);
    spec.share = share;
    return spec;
}

/// RAM of every kind that can be protected.
std::vector<std::shared_ptr<Ram>> every_kind() {
    std::vector<std::shared_ptr<Ram>> kinds;
    kinds.push_back(must(Ram::create(spec(Backend::ram, false))));
    kinds.push_back(must(Ram::create(spec(Backend::ram, true))));
    kinds.push_back(must(Ram::create(spec(Backend::memfd, true))));
    kinds.push_back(must(Ram::create(spec(Backend::file, false, "/dev/shm"))));
    return kinds;
}

/// RAM of huge pages of 2 MiB; nullptr if the host has no free huge pages.
std::shared_ptr<Ram> huge_ram(uint64_t huge_pages) {
    const util::UniqueFd fd(memfd_create("huge", MFD_HUGETLB));
    if (!fd || ftruncate(fd.get(), static_cast<off_t>(huge_pages << 21)) != 0) return nullptr;
    void* const place = mmap(nullptr, huge_pages << 21, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_POPULATE, fd.get(), 0);
    if (place == MAP_FAILED) return nullptr;
    munmap(place, huge_pages << 21);
    return must(Ram::create(
        spec(Backend::file, true, "/proc/self/fd/" + std::to_string(fd.get()), huge_pages << 9)));
}

std::byte* page(const Ram& ram, uint64_t number) {
    return ram.host() + number * kPage;
}

/// Contents that differ between pages and between generations, and are not zero.
std::byte value(uint64_t number, int generation) {
    return static_cast<std::byte>(1 + (number * 7 + static_cast<uint64_t>(generation) * 101) % 255);
}

void write(const Ram& ram, uint64_t first, uint64_t end, int generation) {
    for (uint64_t number = first; number < end; ++number)
        std::memset(page(ram, number), static_cast<int>(value(number, generation)), kPage);
}

void check_page(std::span<const std::byte> found, std::byte expected,
                const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    const auto other =
        std::ranges::find_if(found, [expected](std::byte one) { return one != expected; });
    if (other == found.end()) return;
    _ck_assert_failed(file, line, "wrong contents", "0x%02x at %td of %zu, expected 0x%02x",
                      static_cast<unsigned>(*other), other - found.begin(), found.size(),
                      static_cast<unsigned>(expected));
}

std::shared_ptr<LiveMemory> live(const std::shared_ptr<Ram>& ram, uint64_t pool = kPool,
                                 bool aliased = false) {
    return must(LiveMemory::create({{.ram = ram, .aliased = aliased}}, pool));
}

void freeze(LiveMemory& memory) {
    must(memory.arm(util::Cancellation()));
    must(memory.freeze());
}

void begin(LiveMemory& memory, uint64_t first = 0, uint64_t end = kPages) {
    must(memory.begin_pages({{{first, end}}}));
}

/// A thread that writes to memory. The destructor waits until it has ended.
class Writer {
  public:
    explicit Writer(std::function<void()> work)
        : thread_([this, work = std::move(work)] {
              work();
              done_ = true;
          }) {}

    bool done() const { return done_; }
    void join() { thread_.join(); }
    bool still_waits() const {
        usleep(100 * 1000);
        return !done_;
    }

  private:
    std::atomic<bool> done_{false};
    std::jthread thread_;
};

/// Pages of @ram that are write-protected by userfaultfd. [linux pagemap.rst, bit 57]
uint64_t protected_pages(const Ram& ram) {
    const util::UniqueFd pagemap(open("/proc/self/pagemap", O_RDONLY));
    std::vector<uint64_t> entries(ram.size() / kPage);
    const auto at = reinterpret_cast<uintptr_t>(ram.host()) / kPage * sizeof(uint64_t);
    const auto size = static_cast<ssize_t>(entries.size() * sizeof(uint64_t));
    ck_assert_int_eq(
        pread(pagemap.get(), entries.data(), static_cast<size_t>(size), static_cast<off_t>(at)),
        size);
    uint64_t count = 0;
    for (const uint64_t entry : entries) count += entry >> 57 & 1;
    return count;
}

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

}  // namespace

Suite* live_memory_suite() {
    if (access("/dev/userfaultfd", R_OK | W_OK) != 0) return suite_create("live_memory");
    return support::make_suite(
        "live_memory",
        {memory_of_the_moment_is_read_while_it_is_overwritten,
         what_is_written_while_arming_belongs_to_the_moment,
         pages_are_read_again_and_again_before_they_are_written,
         page_that_was_written_cannot_be_read_again, page_seen_at_two_addresses_can_be_read_twice,
         writer_waits_for_the_pool_until_pages_are_read,
         nobody_waits_for_the_pool_while_somebody_is_in_a_hurry, zero_pages_need_no_room,
         pages_that_nobody_needs_are_let_go, whatever_has_been_read_is_no_longer_protected,
         end_lets_waiting_writers_go_on, arming_can_be_cancelled,
         files_on_disks_are_refused_and_nothing_is_watched,
         ram_that_ends_inside_a_page_is_read_to_its_end, huge_pages_are_protected_as_a_whole,
         many_writers_and_readers_at_once});
}

}  // namespace guestdump::vm
