// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/pc_memory.h"

#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::vm {

Suite* pc_memory_suite();

namespace {

using support::must;
using support::must_fail;

constexpr uint64_t kMiB = uint64_t{1} << 20;

/// [start, end) of each block that a dump would contain.
using Blocks = std::vector<std::pair<uint64_t, uint64_t>>;

std::shared_ptr<Ram> ram(uint64_t size) {
    RamSpec spec;
    spec.id = "ram";
    spec.size = size;
    return must(Ram::create(spec));
}

Blocks blocks_of(MachineType type, uint64_t size, uint64_t bios, Vga vga = Vga::none) {
    const std::vector<std::byte> firmware(bios);
    const PcMemory pc = must(pc_memory(type, ram(size), firmware, vga));
    const guest::GuestPhysBlockList list = pc.memory.dumpable();
    Blocks blocks;
    for (const guest::GuestPhysBlock& block : list.view()) {
        blocks.emplace_back(block.range.start.value, block.range.last() + 1);
    }
    return blocks;
}

START_TEST(blocks_are_those_of_a_reset_qemu) {
    const Blocks expected = {{0, 0xc0000},
                             {0xc0000, 0xe0000},
                             {0xe0000, 0x100000},
                             {0x100000, 0x4000000},
                             {0xfffc0000, 0x100000000}};
    ck_assert(blocks_of(MachineType::pc, 64 * kMiB, 256 << 10) == expected);
    ck_assert(blocks_of(MachineType::q35, 64 * kMiB, 256 << 10) == expected);
}
END_TEST

START_TEST(standard_vga_covers_its_window_and_has_memory) {
    const Blocks expected = {
        {0, 0xa0000},          {0xc0000, 0xe0000},       {0xe0000, 0x100000},
        {0x100000, 0x4000000}, {0xfd000000, 0xfe000000}, {0xfffc0000, 0x100000000}};
    ck_assert(blocks_of(MachineType::pc, 64 * kMiB, 256 << 10, Vga::std) == expected);
}
END_TEST

START_TEST(ram_shows_where_small_firmware_leaves_room) {
    const Blocks expected = {{0, 0xc0000},        {0xc0000, 0xe0000},    {0xe0000, 0xf0000},
                             {0xf0000, 0x100000}, {0x100000, 0x4000000}, {0xffff0000, 0x100000000}};
    ck_assert(blocks_of(MachineType::pc, 64 * kMiB, 64 << 10) == expected);
}
END_TEST

START_TEST(ram_is_split_at_the_pci_hole) {
    const uint64_t gib = uint64_t{1} << 30;
    const Blocks pc = blocks_of(MachineType::pc, 4 * gib, 256 << 10);
    ck_assert(pc[3] == std::pair(kMiB, 3 * gib));
    ck_assert(pc.back() == std::pair(4 * gib, 5 * gib));
    const Blocks q35 = blocks_of(MachineType::q35, 4 * gib, 256 << 10);
    ck_assert(q35[3] == std::pair(kMiB, 2 * gib));
    ck_assert(q35.back() == std::pair(4 * gib, 6 * gib));
}
END_TEST

START_TEST(ram_of_less_than_a_megabyte_is_what_there_is) {
    const Blocks expected = {
        {0, 0x9000}, {0xc0000, 0xe0000}, {0xe0000, 0x100000}, {0xfffc0000, 0x100000000}};
    ck_assert(blocks_of(MachineType::pc, 0x9000, 256 << 10) == expected);
}
END_TEST

START_TEST(firmware_shows_its_end_below_1_mib) {
    std::vector<std::byte> firmware(256 << 10);
    firmware[firmware.size() - 16] = std::byte{0xea};
    const PcMemory pc = must(pc_memory(MachineType::pc, ram(kMiB), firmware, Vga::none));
    for (const LoadedImage& image : pc.images) must(pc.memory.load(image.start, image.bytes));
    for (const uint64_t at : {uint64_t{0xffff0}, uint64_t{0xfffffff0}}) {
        support::Bytes byte(1);
        must(pc.memory.dumpable().read(Gpa{at}, byte));
        ck_assert_uint_eq(static_cast<uint8_t>(byte[0]), 0xea);
    }
}
END_TEST

START_TEST(firmware_of_odd_size_is_refused) {
    for (const size_t size : {0u, 4096u, (64u << 10) + 1, (16u << 20) + 4096}) {
        const std::vector<std::byte> firmware(size);
        must_fail(pc_memory(MachineType::pc, ram(kMiB), firmware, Vga::none),
                  "must be whole pages");
    }
}
END_TEST

}  // namespace

Suite* pc_memory_suite() {
    return support::make_suite(
        "pc_memory",
        {blocks_are_those_of_a_reset_qemu, standard_vga_covers_its_window_and_has_memory,
         ram_shows_where_small_firmware_leaves_room, ram_is_split_at_the_pci_hole,
         ram_of_less_than_a_megabyte_is_what_there_is, firmware_shows_its_end_below_1_mib,
         firmware_of_odd_size_is_refused});
}

}  // namespace guestdump::vm
