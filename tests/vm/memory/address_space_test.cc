// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/memory/address_space.h"

#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "vm/memory/ram.h"

namespace guestdump::vm {

Suite* address_space_suite();

namespace {

using support::must;
using support::must_fail;

std::shared_ptr<Ram> ram(const char* id, uint64_t size) {
    RamSpec spec;
    spec.id = id;
    spec.size = size;
    return must(Ram::create(spec));
}

MappedMemory piece(uint64_t at, uint64_t size, const std::shared_ptr<Ram>& region, uint64_t offset,
                   MemoryKind kind = MemoryKind::ram) {
    return {.range = {Gpa{at}, size},
            .region = region,
            .offset = offset,
            .host = region->host() + offset,
            .kind = kind};
}

START_TEST(pieces_come_in_the_order_of_addresses) {
    const auto region = ram("ram", 0x3000);
    AddressSpace space;
    must(space.add(piece(0x9000, 0x1000, region, 0x2000)));
    must(space.add(piece(0x1000, 0x1000, region, 0)));
    must(space.add(piece(0x5000, 0x1000, region, 0x1000)));
    ck_assert_uint_eq(space.view()[0].range.start.value, 0x1000);
    ck_assert_uint_eq(space.view()[1].range.start.value, 0x5000);
    ck_assert_uint_eq(space.view()[2].range.start.value, 0x9000);
}
END_TEST

START_TEST(pieces_that_overlap_are_refused_from_either_side) {
    const auto region = ram("ram", 0x4000);
    AddressSpace space;
    must(space.add(piece(0x2000, 0x1000, region, 0)));
    must_fail(space.add(piece(0x1000, 0x1001, region, 0)),
              "0x1000-0x2000 overlaps memory at 0x2000");
    must_fail(space.add(piece(0x2fff, 0x1000, region, 0)), "overlaps memory at 0x2000-0x2fff");
    must_fail(space.add(piece(0x2800, 0x10, region, 0)), "overlaps");
    ck_assert_uint_eq(space.view().size(), 1);
}
END_TEST

START_TEST(piece_must_lie_inside_its_region) {
    const auto region = ram("small", 0x1000);
    AddressSpace space;
    MappedMemory beyond = piece(0, 0x1001, region, 0);
    must_fail(space.add(beyond), "'small' end beyond its 0x1000 bytes");
    beyond = piece(0, 0x10, region, 0);
    beyond.offset = UINT64_MAX;
    must_fail(space.add(beyond), "'small'");
    beyond.offset = 0xff1;
    must_fail(space.add(beyond), "'small'");
}
END_TEST

START_TEST(only_what_continues_in_guest_and_host_and_region_is_one_block) {
    const auto one = ram("one", 0x4000);
    const auto other = ram("other", 0x1000);
    AddressSpace space;
    must(space.add(piece(0x0000, 0x1000, one, 0x0000)));
    must(space.add(piece(0x1000, 0x1000, one, 0x1000)));    // continues
    must(space.add(piece(0x2000, 0x1000, one, 0x3000)));    // skips a page of the region
    must(space.add(piece(0x3000, 0x1000, other, 0x0000)));  // another region
    must(space.add(piece(0x5000, 0x1000, one, 0x2000)));    // leaves a gap
    const guest::GuestPhysBlockList blocks = space.dumpable();
    ck_assert_uint_eq(blocks.view().size(), 4);
    ck_assert_uint_eq(blocks.view()[0].range.size, 0x2000);
    ck_assert_uint_eq(blocks.view()[1].range.start.value, 0x2000);
}
END_TEST

START_TEST(device_and_non_volatile_memory_stay_out_of_a_dump) {
    const auto region = ram("all", 0x4000);
    AddressSpace space;
    must(space.add(piece(0x0000, 0x1000, region, 0x0000)));
    must(space.add(piece(0x1000, 0x1000, region, 0x1000, MemoryKind::device)));
    must(space.add(piece(0x2000, 0x1000, region, 0x2000, MemoryKind::non_volatile)));
    must(space.add(piece(0x3000, 0x1000, region, 0x3000, MemoryKind::rom)));
    const guest::GuestPhysBlockList blocks = space.dumpable();
    ck_assert_uint_eq(blocks.view().size(), 2);
    ck_assert_uint_eq(blocks.view()[0].range.start.value, 0);
    ck_assert_uint_eq(blocks.view()[1].range.start.value, 0x3000);
    ck_assert_uint_eq(blocks.total_bytes(), 0x2000);
}
END_TEST

START_TEST(pieces_need_no_page_boundaries) {
    const auto region = ram("tpm", 0x1000);
    AddressSpace space;
    must(space.add(piece(0xfed40080, 0xf80, region, 0x80)));
    const guest::GuestPhysBlockList blocks = space.dumpable();
    ck_assert_uint_eq(blocks.view()[0].range.start.value, 0xfed40080);
    ck_assert_uint_eq(blocks.view()[0].range.size, 0xf80);
    ck_assert_uint_eq(blocks.view()[0].offset, 0x80);
}
END_TEST

START_TEST(block_keeps_its_memory_when_the_machine_lets_go_of_it) {
    auto region = ram("unplugged", 0x1000);
    region->host()[5] = std::byte{0x5a};
    guest::GuestPhysBlockList blocks;
    {
        AddressSpace space;
        must(space.add(piece(0, 0x1000, region, 0)));
        blocks = space.dumpable();
    }
    region.reset();
    support::Bytes byte(1);
    must(blocks.read(Gpa{5}, byte));
    ck_assert_uint_eq(static_cast<uint8_t>(byte[0]), 0x5a);
}
END_TEST

START_TEST(loaded_bytes_cross_pieces) {
    const auto low = ram("low", 0x1000);
    const auto high = ram("high", 0x1000);
    AddressSpace space;
    must(space.add(piece(0x1000, 0x1000, low, 0)));
    must(space.add(piece(0x2000, 0x1000, high, 0, MemoryKind::rom)));
    must(space.load(Gpa{0x1fff}, support::Bytes{std::byte{1}, std::byte{2}}));
    ck_assert_uint_eq(static_cast<uint8_t>(low->host()[0xfff]), 1);
    ck_assert_uint_eq(static_cast<uint8_t>(high->host()[0]), 2);
}
END_TEST

START_TEST(bytes_that_do_not_fit_are_not_loaded_in_part) {
    const auto region = ram("ram", 0x1000);
    AddressSpace space;
    must(space.add(piece(0x1000, 0x1000, region, 0)));
    must_fail(space.load(Gpa{0x1ffe}, support::Bytes(4, std::byte{0xff})),
              "0x2 of the 0x4 bytes at 0x1ffe have no guest memory");
    ck_assert_uint_eq(static_cast<uint8_t>(region->host()[0xffe]), 0);
    must_fail(space.load(Gpa{UINT64_MAX}, support::Bytes(2)), "beyond the 64-bit address space");
    must(space.load(Gpa{UINT64_MAX}, {}));
}
END_TEST

START_TEST(memory_that_is_not_mapped_takes_no_bytes) {
    const auto region = ram("file", 0x1000);
    MappedMemory unmapped = piece(0, 0x1000, region, 0);
    unmapped.host = nullptr;
    AddressSpace space;
    must(space.add(unmapped));
    must_fail(space.load(Gpa{0}, support::Bytes(1)), "have no guest memory to go to");
}
END_TEST

}  // namespace

Suite* address_space_suite() {
    return support::make_suite(
        "address_space",
        {pieces_come_in_the_order_of_addresses, pieces_that_overlap_are_refused_from_either_side,
         piece_must_lie_inside_its_region,
         only_what_continues_in_guest_and_host_and_region_is_one_block,
         device_and_non_volatile_memory_stay_out_of_a_dump, pieces_need_no_page_boundaries,
         block_keeps_its_memory_when_the_machine_lets_go_of_it, loaded_bytes_cross_pieces,
         bytes_that_do_not_fit_are_not_loaded_in_part, memory_that_is_not_mapped_takes_no_bytes});
}

}  // namespace guestdump::vm
