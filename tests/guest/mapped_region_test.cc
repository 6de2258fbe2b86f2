// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/mapped_region.h"

#include <sys/mman.h>

#include <array>

#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::guest {

Suite* mapped_region_suite();

namespace {

using support::must;
using support::must_fail;

constexpr size_t kSize = 64 * 4096;

/// Memory that nobody has touched, unmapped in the end.
struct Untouched {
    std::byte* const host = static_cast<std::byte*>(
        mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ~Untouched() { munmap(host, kSize); }
};

START_TEST(bytes_are_copied_from_where_they_are_mapped) {
    const support::Bytes bytes = support::noise(1, 8192);
    const MappedRegion region("ram", bytes.data(), bytes.size());
    std::array<std::byte, 100> out;
    must(region.read(4000, out));
    ck_assert(support::same(out, support::View(bytes).subspan(4000, 100)));
    ck_assert_ptr_eq(region.mapped(), bytes.data());
    ck_assert_uint_eq(region.size(), 8192);
}
END_TEST

START_TEST(bytes_after_the_end_are_an_error) {
    const support::Bytes bytes(4096);
    const MappedRegion region("rom", bytes.data(), bytes.size());
    std::array<std::byte, 2> out;
    must_fail(region.read(4095, out), "0x2 bytes at 0xfff of 'rom' end beyond its 0x1000 bytes");
    must_fail(region.read(UINT64_MAX, out), "end beyond");
    must(region.read(4094, out));
}
END_TEST

START_TEST(untouched_pages_of_anonymous_memory_are_known) {
    const Untouched memory;
    memory.host[10 * 4096] = std::byte{1};
    const MappedRegion region("ram", memory.host, kSize, MappedRegion::Kind::anonymous);
    const RamExtent before = region.extent(0, kSize);
    ck_assert(!before.populated);
    ck_assert_uint_eq(before.length, 10 * 4096);
    ck_assert(region.extent(10 * 4096, kSize).populated);
}
END_TEST

START_TEST(all_of_other_memory_is_read) {
    const Untouched memory;
    const RamExtent all = MappedRegion("ram", memory.host, kSize).extent(5, kSize);
    ck_assert(all.populated);
    ck_assert_uint_eq(all.length, kSize - 5);
}
END_TEST

}  // namespace

Suite* mapped_region_suite() {
    return support::make_suite(
        "mapped_region",
        {bytes_are_copied_from_where_they_are_mapped, bytes_after_the_end_are_an_error,
         untouched_pages_of_anonymous_memory_are_known, all_of_other_memory_is_read});
}

}  // namespace guestdump::guest
