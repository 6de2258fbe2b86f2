// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/estimate/size_estimate.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dump/estimate/page_survey.h"
#include "dump/target/targets.h"
#include "tests/dump/built.h"
#include "tests/dump/dumping.h"
#include "tests/support/run_suites.h"
#include "tests/support/scratch.h"

namespace guestdump::dump {

Suite* size_estimate_suite();

namespace {

using support::Bytes;
using support::must;

constexpr size_t kPage = 4096;

SizeEstimate estimate(const guest::Guest& guest, const Request& request) {
    const Snapshot snapshot = must(Snapshot::take(guest, request));
    return must(estimate_size(snapshot, request, *snapshot.memory));
}

/// Bytes that a real file takes on a real disk, not counting holes.
uint64_t allocated(const guest::Guest& guest, const Request& request) {
    const support::Scratch scratch;
    const util::UniqueFd file(::open(scratch.path("core").c_str(), O_CREAT | O_RDWR, 0600));
    const auto sink = must(make_fd_sink(util::UniqueFd(::dup(file.get())), "core"));
    must(dump_to(*sink, guest, request));
    struct stat status;
    ck_assert_int_eq(::fstat(file.get(), &status), 0);
    return static_cast<uint64_t>(status.st_blocks) * 512;
}

void check_inside(const char* what, uint64_t real, const SizeEstimate& size) {
    ck_assert_msg(size.lowest <= real && real <= size.highest,
                  "%s: %" PRIu64 " is not from %" PRIu64 " to %" PRIu64 " (%" PRIu64 " expected)",
                  what, real, size.lowest, size.highest, size.bytes);
    ck_assert_uint_le(size.lowest, size.bytes);
    ck_assert_uint_le(size.bytes, size.highest);
}

/// All kinds of pages, few enough that each is looked at.
std::unique_ptr<support::ScriptedGuest> small_guest() {
    return must(
        support::ScriptedGuest::parse("cpus 2\n"
                                      "ram 0x0 4 pages = 00 text pattern text\n"
                                      "ram 0x4000 100 bytes = 11\n"
                                      "ram 0x4800 2048 bytes = 22\n"
                                      "ram 0x10000 6 pages = pattern 33 33 00 hole hole\n"
                                      "ram 0x100000 700 pages = pattern pattern text 44 hole 55\n"
                                      "vmcoreinfo OSRELEASE=6.1.0\n"));
}

/// More pages than are looked at. The contents of a page depend on its number.
class LargeGuest {
  public:
    static constexpr size_t kPages = 2 * PageSurvey::kMostLooks;

    explicit LargeGuest(void (*fill)(size_t pfn, std::span<std::byte> page)) {
        Bytes ram(kPages * kPage);
        for (size_t pfn = 0; pfn < kPages; ++pfn) {
            fill(pfn, std::span(ram).subspan(pfn * kPage, kPage));
        }
        guest_.add_cpu();
        guest_.add_ram(0x1000, ram);
    }
    operator const guest::Guest&() const { return guest_; }

  private:
    support::ScriptedGuest guest_;
};

/// Fills half of a page with bytes that cannot be compressed, different for each @number.
void half_noise(uint64_t number, std::span<std::byte> page) {
    const Bytes noise = support::noise(number, kPage / 2);
    std::ranges::copy(noise, page.begin());
}

void all_different(size_t pfn, std::span<std::byte> page) {
    half_noise(pfn, page);
}
void each_twice(size_t pfn, std::span<std::byte> page) {
    half_noise(pfn % (LargeGuest::kPages / 2), page);
}
void few_different(size_t pfn, std::span<std::byte> page) {
    half_noise(pfn % 100, page);
}
void mostly_zero(size_t pfn, std::span<std::byte> page) {
    if (pfn % 1000 == 0) half_noise(pfn, page);
}
void one_quarter_alike(size_t pfn, std::span<std::byte> page) {
    if (pfn % 2 == 0) half_noise(pfn % 4 == 0 ? 5 : pfn, page);
}
/// The first half is dense, the second almost empty.
void uneven(size_t pfn, std::span<std::byte> page) {
    if (pfn < LargeGuest::kPages / 2 || pfn % 64 == 0) {
        std::ranges::fill(page.first(pfn % kPage), std::byte{1});
        half_noise(pfn, page);
    }
}

START_TEST(raw_file_of_a_small_guest_is_known_to_the_byte) {
    const auto guest = small_guest();
    for (const Compression compression : built_compressions()) {
        for (const bool share : {true, false}) {
            const KdumpRequest request{
                .compression = compression, .flattened = false, .share_pages = share};
            const uint64_t real = dump_file(*guest, request).size();
            const SizeEstimate size = estimate(*guest, request);
            ck_assert_uint_eq(size.bytes, real);
            ck_assert_uint_eq(size.lowest, real);
            ck_assert_uint_eq(size.highest, real);
        }
    }
}
END_TEST

START_TEST(flattened_file_is_inside_its_bounds) {
    const auto guest = small_guest();
    for (const Compression compression : built_compressions()) {
        const KdumpRequest request{.compression = compression};
        const SizeEstimate size = estimate(*guest, request);
        check_inside("flattened", dump_file(*guest, request).size(), size);
        ck_assert_uint_le(size.highest - size.lowest, 1024);
    }
}
END_TEST

START_TEST(elf_counts_what_is_no_hole) {
    const auto guest = small_guest();
    for (const std::optional<guest::GpaRange> only :
         {std::optional<guest::GpaRange>(),
          std::optional(guest::GpaRange{guest::Gpa{0x1800}, 0x2000})}) {
        Request request = ElfRequest{};
        request.only = only;
        support::MemorySink sink;
        must(dump_to(sink, *guest, request));
        const SizeEstimate size = estimate(*guest, request);
        check_inside("elf", allocated(*guest, request), size);
        ck_assert_uint_eq(size.lowest, size.bytes);
        ck_assert_uint_le(size.highest - size.bytes, kPage + 16 * 711);
        ck_assert_uint_eq(size.without_holes, sink.bytes().size());
    }
}
END_TEST

START_TEST(part_of_memory_takes_less) {
    const auto guest = small_guest();
    const Request part = part_of(KdumpRequest{.flattened = false}, 0x100000, 20 * kPage);
    ck_assert_uint_eq(estimate(*guest, part).bytes, dump_file(*guest, part).size());
}
END_TEST

START_TEST(large_guests_are_inside_their_bounds) {
    for (const auto fill :
         {all_different, each_twice, few_different, mostly_zero, one_quarter_alike, uneven}) {
        const LargeGuest guest(fill);
        for (const bool share : {true, false}) {
            const KdumpRequest request{
                .compression = kHasSnappy ? Compression::snappy : Compression::zlib,
                .flattened = false,
                .share_pages = share};
            check_inside("kdump", dump_file(guest, request).size(), estimate(guest, request));
        }
    }
    for (const auto fill : {mostly_zero, uneven}) {
        const LargeGuest guest(fill);
        check_inside("elf", allocated(guest, ElfRequest{}), estimate(guest, ElfRequest{}));
    }
}
END_TEST

START_TEST(bounds_are_of_use) {
    const LargeGuest guest(all_different);
    const SizeEstimate size = estimate(guest, KdumpRequest{});
    ck_assert_uint_lt(size.highest - size.lowest, size.bytes / 10);
    const LargeGuest half(uneven);
    const SizeEstimate elf = estimate(half, ElfRequest{});
    ck_assert_uint_lt(elf.highest - elf.lowest, elf.bytes / 10);
}
END_TEST

START_TEST(empty_and_full_guests_have_their_bounds) {
    const LargeGuest empty([](size_t, std::span<std::byte>) {});
    const SizeEstimate nothing = estimate(empty, ElfRequest{});
    check_inside("empty", allocated(empty, ElfRequest{}), nothing);
    ck_assert_uint_gt(nothing.highest, nothing.lowest);
    const LargeGuest full(all_different);
    const SizeEstimate all = estimate(full, ElfRequest{});
    check_inside("full", LargeGuest::kPages * kPage + kPage, all);
    ck_assert_uint_le(all.highest, all.without_holes + 3 * kPage);
}
END_TEST

START_TEST(same_guest_gives_the_same_numbers) {
    const LargeGuest guest(uneven);
    const SizeEstimate first = estimate(guest, KdumpRequest{});
    const SizeEstimate second = estimate(guest, KdumpRequest{});
    ck_assert(first.bytes == second.bytes && first.lowest == second.lowest &&
              first.highest == second.highest);
}
END_TEST

START_TEST(memory_that_cannot_be_read_is_an_error) {
    support::ScriptedGuest guest;
    guest.add_cpu();
    guest.add_ram(0, support::noise(1, 4 * kPage)).fail_at(2 * kPage);
    const Snapshot snapshot = must(Snapshot::take(guest, ElfRequest{}));
    support::must_fail(estimate_size(snapshot, ElfRequest{}, *snapshot.memory),
                       "'ram0' cannot be read");
}
END_TEST

START_TEST(compressor_that_there_is_not_is_an_error) {
    const auto guest = small_guest();
    const KdumpRequest request{.level = 13};
    const Snapshot snapshot = must(Snapshot::take(*guest, request));
    support::must_fail(estimate_size(snapshot, request, *snapshot.memory), "not 13");
}
END_TEST

}  // namespace

Suite* size_estimate_suite() {
    return support::make_suite("size_estimate", {
                                                    raw_file_of_a_small_guest_is_known_to_the_byte,
                                                    flattened_file_is_inside_its_bounds,
                                                    elf_counts_what_is_no_hole,
                                                    part_of_memory_takes_less,
                                                    large_guests_are_inside_their_bounds,
                                                    bounds_are_of_use,
                                                    empty_and_full_guests_have_their_bounds,
                                                    same_guest_gives_the_same_numbers,
                                                    memory_that_cannot_be_read_is_an_error,
                                                    compressor_that_there_is_not_is_an_error,
                                                });
}

}  // namespace guestdump::dump
