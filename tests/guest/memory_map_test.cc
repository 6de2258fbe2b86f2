// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/memory_map.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scripted_guest.h"

namespace guestdump::guest {

Suite* memory_map_suite();

namespace {

using support::must;
using support::must_fail;

std::shared_ptr<support::ScriptedRam> ram(size_t size, uint8_t fill = 0) {
    return std::make_shared<support::ScriptedRam>("ram", support::Bytes(size, std::byte{fill}));
}

GuestPhysBlock block(uint64_t gpa, uint64_t size, std::shared_ptr<const RamRegion> region,
                     uint64_t offset = 0) {
    return {GpaRange{Gpa{gpa}, size}, std::move(region), offset};
}

START_TEST(blocks_are_sorted_whatever_the_order_of_adding) {
    GuestPhysBlockList list;
    for (const uint64_t gpa : {0x9000u, 0x1000u, 0x5000u})
        must(list.add(block(gpa, 0x1000, ram(0x1000))));
    ck_assert_uint_eq(list.view().size(), 3);
    ck_assert_uint_eq(list.view()[0].range.start.value, 0x1000);
    ck_assert_uint_eq(list.view()[2].range.start.value, 0x9000);
    ck_assert_uint_eq(list.total_bytes(), 0x3000);
    ck_assert_uint_eq(list.last().value, 0x9fff);
}
END_TEST

START_TEST(blocks_merge_when_address_region_and_offset_go_on) {
    const auto region = ram(0x4000);
    GuestPhysBlockList list;
    must(list.add(block(0x2000, 0x1000, region, 0x1000)));
    must(list.add(block(0x1000, 0x1000, region, 0)));
    must(list.add(block(0x3000, 0x1000, region, 0x2000)));
    ck_assert_uint_eq(list.view().size(), 1);
    ck_assert_uint_eq(list.view()[0].range.size, 0x3000);
    ck_assert_uint_eq(list.view()[0].offset, 0);
}
END_TEST

START_TEST(blocks_of_other_regions_or_offsets_stay_apart) {
    const auto region = ram(0x4000);
    GuestPhysBlockList list;
    must(list.add(block(0x1000, 0x1000, region, 0)));
    must(list.add(block(0x2000, 0x1000, ram(0x1000))));
    must(list.add(block(0x3000, 0x1000, region, 0x3000)));
    must(list.add(block(0x4000, 0x1000, region, 0)));
    ck_assert_uint_eq(list.view().size(), 4);
}
END_TEST

START_TEST(overlapping_blocks_are_refused) {
    GuestPhysBlockList list;
    must(list.add(block(0x1000, 0x1000, ram(0x1000))));
    for (const uint64_t gpa : {0x1fffu, 0x1000u, 0x801u}) {
        must_fail(list.add(block(gpa, 0x800, ram(0x1000))), "overlaps the block at 0x1000");
    }
    ck_assert_uint_eq(list.view().size(), 1);
}
END_TEST

START_TEST(blocks_outside_their_region_are_refused) {
    GuestPhysBlockList list;
    must_fail(list.add(block(0, 0x1001, ram(0x1000))), "has 0x1000 bytes");
    must_fail(list.add(block(0, 0x1000, ram(0x1000), UINT64_MAX)), "has 0x1000 bytes");
    must_fail(list.add(block(0, 0, ram(0x1000))), "is empty");
    must_fail(list.add(block(UINT64_MAX, 2, ram(0x1000))), "ends beyond");
}
END_TEST

START_TEST(a_block_may_end_at_the_end_of_the_address_space) {
    GuestPhysBlockList list;
    must(list.add(block(UINT64_MAX - 0xfff, 0x1000, ram(0x1000, 7))));
    ck_assert_uint_eq(list.last().value, UINT64_MAX);
    support::Bytes out(16);
    must(list.read(Gpa{UINT64_MAX - 15}, out));
    ck_assert_uint_eq(static_cast<uint8_t>(out[15]), 7);
}
END_TEST

START_TEST(reading_crosses_blocks_and_names_the_address_that_is_missing) {
    GuestPhysBlockList list;
    must(list.add(block(0x1000, 0x1000, ram(0x1000, 1))));
    must(list.add(block(0x2000, 0x1000, ram(0x1000, 2))));
    support::Bytes out(4);
    must(list.read(Gpa{0x1ffe}, out));
    ck_assert_uint_eq(support::le32_at(out, 0), 0x02020101);
    must_fail(list.read(Gpa{0x2ffe}, out), "no memory at guest-physical address 0x3000");
    must_fail(list.read(Gpa{0xffe}, out), "no memory at guest-physical address 0xffe");
}
END_TEST

START_TEST(padded_reading_fills_what_is_missing_with_zeros) {
    GuestPhysBlockList list;
    must(list.add(block(0x1000, 3, ram(0x1000, 1))));
    must(list.add(block(0x1005, 2, ram(0x1000, 2))));
    support::Bytes out(10, std::byte{0xee});
    must(list.read_padded(Gpa{0xfff}, out));
    const uint8_t expected[] = {0, 1, 1, 1, 0, 0, 2, 2, 0, 0};
    ck_assert_mem_eq(out.data(), expected, sizeof expected);
}
END_TEST

START_TEST(clipping_keeps_the_part_inside_and_its_place_in_the_region) {
    const auto region = ram(0x4000);
    GuestPhysBlockList list;
    must(list.add(block(0x1000, 0x1000, region, 0x2000)));
    must(list.add(block(0x8000, 0x1000, region, 0)));
    const GuestPhysBlockList part = list.clip(must(GpaRange::make(Gpa{0x1800}, 0x100)));
    ck_assert_uint_eq(part.view().size(), 1);
    ck_assert_uint_eq(part.view()[0].range.start.value, 0x1800);
    ck_assert_uint_eq(part.view()[0].range.size, 0x100);
    ck_assert_uint_eq(part.view()[0].offset, 0x2800);
    ck_assert(list.clip(must(GpaRange::make(Gpa{0x3000}, 0x100))).empty());
}
END_TEST

START_TEST(ranges_that_are_empty_or_wrap_are_refused) {
    must_fail(GpaRange::make(Gpa{5}, 0), "is empty");
    must_fail(GpaRange::make(Gpa{5}, UINT64_MAX), "ends beyond the 64-bit address space");
    ck_assert_uint_eq(must(GpaRange::make(Gpa{5}, UINT64_MAX - 4)).last(), UINT64_MAX);
}
END_TEST

START_TEST(mappings_join_where_both_addresses_go_on) {
    MemoryMappingList list;
    must(list.add({Gpa{0x1000}, Gva{0xa000}, 0x1000}));
    must(list.add({Gpa{0x2000}, Gva{0xb000}, 0x1000}));
    must(list.add({Gpa{0x9000}, Gva{0xc000}, 0x1000}));
    must(list.add({Gpa{0xa000}, Gva{0xe000}, 0x1000}));
    ck_assert_uint_eq(list.view().size(), 3);
    ck_assert_uint_eq(list.view()[0].length, 0x2000);
}
END_TEST

START_TEST(normalizing_sorts_joins_and_drops_repetitions) {
    MemoryMappingList list;
    must(list.add({Gpa{0x2000}, Gva{0xb000}, 0x1000}));
    must(list.add({Gpa{0x1000}, Gva{0xa000}, 0x1000}));
    must(list.add({Gpa{0x2000}, Gva{0xb000}, 0x1000}));
    must(list.normalize(util::Cancellation()));
    ck_assert_uint_eq(list.view().size(), 1);
    ck_assert(list.view()[0] == (MemoryMapping{Gpa{0x1000}, Gva{0xa000}, 0x2000}));
}
END_TEST

MemoryMappingList list_of(std::initializer_list<MemoryMapping> mappings, size_t cap) {
    MemoryMappingList list(cap);
    for (const MemoryMapping& mapping : mappings) must(list.add(mapping));
    return list;
}

START_TEST(merged_lists_are_sorted_and_hold_what_both_have_once) {
    const MemoryMapping a{Gpa{0x1000}, Gva{0x1000}, 1}, b{Gpa{0x9000}, Gva{0x1000}, 1},
        c{Gpa{0x9000}, Gva{0x1000}, 2}, d{Gpa{0x5000}, Gva{0x8000}, 7}, e{Gpa{0}, Gva{0xf000}, 1};
    MemoryMappingList list(5);
    must(list.merge(list_of({}, 5)));
    must(list.merge(list_of({b, d}, 5)));
    must(list.merge(list_of({a, b, c, d, e}, 5)));
    must(list.merge(list_of({a, c, e}, 5)));
    must(list.merge(list_of({}, 5)));
    const MemoryMapping expected[] = {a, b, c, d, e};
    ck_assert(std::equal(list.view().begin(), list.view().end(), std::begin(expected),
                         std::end(expected)));
}
END_TEST

START_TEST(merging_counts_against_the_cap_what_is_new_and_leaves_the_list_alone) {
    const MemoryMapping a{Gpa{0}, Gva{0}, 1}, b{Gpa{0}, Gva{4}, 1}, c{Gpa{0}, Gva{8}, 1};
    MemoryMappingList list(2);
    must(list.merge(list_of({a, b}, 2)));
    must_fail(list.merge(list_of({b, c}, 2)), "more than 2 separate mappings");
    must_fail(MemoryMappingList(1).merge(list_of({b, c}, 2)), "more than 1 separate mappings");
    ck_assert_uint_eq(list.view().size(), 2);
    must(list.merge(list_of({a, b}, 2)));
}
END_TEST

START_TEST(more_mappings_than_the_cap_are_an_error) {
    MemoryMappingList list(2);
    must(list.add({Gpa{0}, Gva{0}, 1}));
    must(list.add({Gpa{8}, Gva{8}, 1}));
    must(list.add({Gpa{9}, Gva{9}, 1}));
    must_fail(list.add({Gpa{32}, Gva{32}, 1}), "more than 2 separate mappings");
}
END_TEST

}  // namespace

Suite* memory_map_suite() {
    return support::make_suite(
        "memory_map",
        {blocks_are_sorted_whatever_the_order_of_adding,
         blocks_merge_when_address_region_and_offset_go_on,
         blocks_of_other_regions_or_offsets_stay_apart, overlapping_blocks_are_refused,
         blocks_outside_their_region_are_refused, a_block_may_end_at_the_end_of_the_address_space,
         reading_crosses_blocks_and_names_the_address_that_is_missing,
         padded_reading_fills_what_is_missing_with_zeros,
         clipping_keeps_the_part_inside_and_its_place_in_the_region,
         ranges_that_are_empty_or_wrap_are_refused, mappings_join_where_both_addresses_go_on,
         normalizing_sorts_joins_and_drops_repetitions,
         merged_lists_are_sorted_and_hold_what_both_have_once,
         merging_counts_against_the_cap_what_is_new_and_leaves_the_list_alone,
         more_mappings_than_the_cap_are_an_error});
}

}  // namespace guestdump::guest
