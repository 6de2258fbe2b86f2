// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/pc_memory_split.h"

#include "tests/support/run_suites.h"

namespace guestdump::target_i386 {

Suite* pc_memory_split_suite();

namespace {

void check_split(PcChipset chipset, uint64_t ram, uint64_t below, uint64_t above) {
    const PcMemorySplit split = split_pc_memory(chipset, ram);
    ck_assert_uint_eq(split.below, below);
    ck_assert_uint_eq(split.above, above);
}

START_TEST(little_ram_lies_below_the_hole) {
    for (const PcChipset chipset : {PcChipset::i440fx, PcChipset::q35}) {
        check_split(chipset, 0, 0, 0);
        check_split(chipset, 0x9000, 0x9000, 0);
        check_split(chipset, 0xb0000000 - 4096, 0xb0000000 - 4096, 0);
    }
    check_split(PcChipset::i440fx, 0xe0000000 - 4096, 0xe0000000 - 4096, 0);
}
END_TEST

START_TEST(more_ram_is_cut_at_a_whole_gib) {
    check_split(PcChipset::i440fx, 0xe0000000, 0xc0000000, 0x20000000);
    check_split(PcChipset::q35, 0xb0000000, 0x80000000, 0x30000000);
    const uint64_t tib = uint64_t{1} << 40;
    check_split(PcChipset::i440fx, tib, 0xc0000000, tib - 0xc0000000);
    check_split(PcChipset::q35, tib, 0x80000000, tib - 0x80000000);
    ck_assert_uint_eq(kRamAbove4g, 0x100000000);
}
END_TEST

}  // namespace

Suite* pc_memory_split_suite() {
    return support::make_suite("pc_memory_split",
                               {little_ram_lies_below_the_hole, more_ram_is_cut_at_a_whole_gib});
}

}  // namespace guestdump::target_i386
