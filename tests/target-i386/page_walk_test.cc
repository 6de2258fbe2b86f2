// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/page_walk.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/target-i386/page_tables.h"

namespace guestdump::target_i386 {

Suite* page_walk_suite();

namespace {

using guest::Gpa;
using guest::Gva;
using guest::MemoryMapping;
using Mappings = std::vector<MemoryMapping>;

MemoryMapping mapping(uint64_t virt, uint64_t phys, uint64_t length) {
    return {Gpa{phys}, Gva{virt}, length};
}

Mappings walk(const TestMemory& memory, const Registers& registers,
              const PagingTraits& traits = {}) {
    WalkedList list;
    support::must(walk_into(list, memory, registers, traits));
    return {list.view().begin(), list.view().end()};
}

/// One chain of tables in four levels: 0x1000, 0x2000, 0x3000, 0x4000, for virtual addresses from
/// 0.
TestMemory chain_of_tables() {
    TestMemory memory;
    memory.add(0, 0x10000);
    memory.put64(0x1000, 0x2000 | kUser);
    memory.put64(0x2000, 0x3000 | kUser);
    memory.put64(0x3000, 0x4000 | kUser);
    return memory;
}

START_TEST(pages_that_go_on_in_both_spaces_are_one_mapping) {
    TestMemory memory = chain_of_tables();
    for (unsigned i = 0; i < 4; ++i) memory.put64(0x4000 + 8 * i, (0x8000 + 0x1000 * i) | kUser);
    memory.put64(0x4000 + 8 * 4, 0x8000 | kUser);  // continues in virtual addresses only
    memory.put64(0x4000 + 8 * 9, 0x9000 | kUser);  // continues in physical addresses only

    ck_assert(walk(memory, long_mode_registers(0x1000)) ==
              Mappings({mapping(0, 0x8000, 0x4000), mapping(0x4000, 0x8000, 0x1000),
                        mapping(0x9000, 0x9000, 0x1000)}));
}
END_TEST

START_TEST(lower_half_stays_low_and_upper_half_is_canonical) {
    TestMemory memory = chain_of_tables();
    memory.put64(0x4000, 0x8000 | kUser);
    memory.put64(0x1000 + 8 * 255, 0x2000 | kUser);
    memory.put64(0x1000 + 8 * 256, 0x2000 | kUser);
    memory.put64(0x1000 + 8 * 511, 0x2000 | kUser);

    ck_assert(walk(memory, long_mode_registers(0x1000)) ==
              Mappings({mapping(0, 0x8000, 0x1000), mapping(0x7f8000000000, 0x8000, 0x1000),
                        mapping(0xffff800000000000, 0x8000, 0x1000),
                        mapping(0xffffff8000000000, 0x8000, 0x1000)}));
}
END_TEST

START_TEST(five_levels_are_canonical_from_bit_56) {
    TestMemory memory = chain_of_tables();
    memory.put64(0x4000, 0x8000 | kUser);
    memory.put64(0x5000 + 8 * 255, 0x1000 | kUser);
    memory.put64(0x5000 + 8 * 256, 0x1000 | kUser);

    ck_assert(walk(memory, long_mode_registers(0x5000, kCr4La57)) ==
              Mappings({mapping(0x00ff000000000000, 0x8000, 0x1000),
                        mapping(0xff00000000000000, 0x8000, 0x1000)}));
}
END_TEST

START_TEST(protection_keys_and_software_bits_are_no_address) {
    TestMemory memory = chain_of_tables();
    memory.put64(0x4000, 0x8000 | kUser | 0xfff0000000000e00);
    ck_assert(walk(memory, long_mode_registers(0x1000)) == Mappings({mapping(0, 0x8000, 0x1000)}));
}
END_TEST

START_TEST(reserved_address_bits_fault_and_so_map_nothing) {
    TestMemory memory = chain_of_tables();
    memory.put64(0x4000, 0x8000 | kUser | uint64_t{1} << 40);
    ck_assert(walk(memory, long_mode_registers(0x1000), {.physical_bits = 40}).empty());
    const PagingTraits encrypted{.physical_bits = 40, .encryption_bits = uint64_t{1} << 40};
    ck_assert_uint_eq(walk(memory, long_mode_registers(0x1000), encrypted).size(), 1);
}
END_TEST

START_TEST(large_page_over_a_gap_is_mapped_where_memory_is) {
    TestMemory memory;
    memory.add(0, 0xa0000);
    memory.add(0xc0000, 0x40000);  // of another region, and touches the next
    memory.add(0x100000, 0x180000);
    memory.put64(0x1000, 0x2000 | kUser);
    memory.put64(0x2000, 0x3000 | kUser);
    memory.put64(0x3000 + 8 * 5, 0 | kUser | kPs);

    ck_assert(walk(memory, long_mode_registers(0x1000)) ==
              Mappings({mapping(0xa00000, 0, 0xa0000), mapping(0xac0000, 0xc0000, 0x140000)}));
}
END_TEST

START_TEST(gigabyte_page_reaches_all_of_a_small_memory) {
    TestMemory memory;
    memory.add(0, 0x10000);
    memory.add(0x3ffff000, 0x2000);  // continues after the page
    memory.put64(0x1000, 0x2000 | kUser);
    memory.put64(0x2000 + 8, 0 | kUser | kPs);

    ck_assert(walk(memory, long_mode_registers(0x1000)) ==
              Mappings({mapping(0x40000000, 0, 0x10000), mapping(0x7ffff000, 0x3ffff000, 0x1000)}));
    ck_assert(walk(memory, long_mode_registers(0x1000), {.gigabyte_pages = false}).empty());
}
END_TEST

START_TEST(table_across_a_block_border_is_read) {
    TestMemory memory;
    memory.add(0, 0x4800);
    memory.add(0x4800, 0x8800);
    memory.put64(0x1000, 0x2000 | kUser);
    memory.put64(0x2000, 0x3000 | kUser);
    memory.put64(0x3000, 0x4000 | kUser);
    memory.put64(0x4000, 0x8000 | kUser);
    memory.put64(0x4ff8, 0x9000 | kUser);
    ck_assert(walk(memory, long_mode_registers(0x1000)) ==
              Mappings({mapping(0, 0x8000, 0x1000), mapping(0x1ff000, 0x9000, 0x1000)}));
}
END_TEST

START_TEST(shared_table_gives_its_mappings_at_each_place) {
    TestMemory memory = chain_of_tables();
    memory.put64(0x4000, 0xa000 | kUser);
    memory.put64(0x4000 + 8 * 7, 0xb000 | kUser);
    memory.put64(0x3000 + 8 * 2, 0x4000 | kUser);
    memory.put64(0x2000 + 8 * 1, 0x3000 | kUser);

    Mappings expected;
    for (uint64_t base : {0x0, 0x400000, 0x40000000, 0x40400000}) {
        expected.push_back(mapping(base, 0xa000, 0x1000));
        expected.push_back(mapping(base + 0x7000, 0xb000, 0x1000));
    }
    ck_assert(walk(memory, long_mode_registers(0x1000)) == expected);
}
END_TEST

START_TEST(shared_table_whose_mapping_was_joined_gives_its_own_part_only) {
    // Table 0x4000 maps the last page of 2 MiB, and table 0x5000 continues it in both spaces.
    TestMemory memory = chain_of_tables();
    memory.put64(0x4000 + 8 * 511, 0xa000 | kUser);
    memory.put64(0x3000 + 8 * 1, 0x5000 | kUser);
    memory.put64(0x5000, 0xb000 | kUser);
    memory.put64(0x3000 + 8 * 3, 0x5000 | kUser);
    memory.put64(0x3000 + 8 * 5, 0x4000 | kUser);

    ck_assert(walk(memory, long_mode_registers(0x1000)) ==
              Mappings({mapping(0x1ff000, 0xa000, 0x2000), mapping(0x600000, 0xb000, 0x1000),
                        mapping(0xbff000, 0xa000, 0x1000)}));
}
END_TEST

START_TEST(pae_top_table_has_four_entries_anywhere_on_32_bytes) {
    TestMemory memory = chain_of_tables();
    memory.put64(0x1fe0 + 8 * 3, 0x3000 | kP);
    memory.put64(0x4000, 0x8000 | kUser);
    Registers registers = long_mode_registers(0x1fe0 | 0x1f);
    registers.efer = kEferNoExecute;
    ck_assert(walk(memory, registers) == Mappings({mapping(0xc0000000, 0x8000, 0x1000)}));
}
END_TEST

START_TEST(a20_line_held_low_folds_every_second_mebibyte) {
    TestMemory memory;
    memory.add(0, 0x180000);
    memory.put64(0x1000, 0x102000 | kUser);  // means 0x2000
    memory.put64(0x2000, 0x3000 | kUser);
    memory.put64(0x3000, 0 | kUser | kPs);
    ck_assert(walk(memory, long_mode_registers(0x1000), {.a20 = false}) ==
              Mappings({mapping(0, 0, 0x100000), mapping(0x100000, 0, 0x100000)}));
}
END_TEST

START_TEST(walk_adds_to_what_another_vcpu_mapped) {
    TestMemory memory = chain_of_tables();
    memory.put64(0x4000, 0x8000 | kUser);
    WalkedList list;
    support::must(list.add(mapping(0x7000, 0x7000, 0x1000)));
    support::must(walk_into(list, memory, long_mode_registers(0x1000)));
    support::must(walk_into(list, memory, long_mode_registers(0x1000)));
    const Mappings found(list.view().begin(), list.view().end());
    ck_assert(found == Mappings({mapping(0, 0x8000, 0x1000), mapping(0x7000, 0x7000, 0x1000)}));
}
END_TEST

START_TEST(memory_that_cannot_be_read_is_an_error_that_adds_nothing) {
    TestMemory memory;
    support::ScriptedRam& ram = memory.add(0, 0x10000);
    memory.put64(0x1000, 0x2000 | kUser);
    ram.fail_at(0x2100);
    WalkedList list;
    support::must_fail(walk_into(list, memory, long_mode_registers(0x1000)), "cannot be read");
    ck_assert(list.view().empty());
}
END_TEST

}  // namespace

Suite* page_walk_suite() {
    return support::make_suite(
        "page_walk",
        {pages_that_go_on_in_both_spaces_are_one_mapping,
         lower_half_stays_low_and_upper_half_is_canonical, five_levels_are_canonical_from_bit_56,
         protection_keys_and_software_bits_are_no_address,
         reserved_address_bits_fault_and_so_map_nothing,
         large_page_over_a_gap_is_mapped_where_memory_is,
         gigabyte_page_reaches_all_of_a_small_memory, table_across_a_block_border_is_read,
         shared_table_gives_its_mappings_at_each_place,
         shared_table_whose_mapping_was_joined_gives_its_own_part_only,
         pae_top_table_has_four_entries_anywhere_on_32_bytes,
         a20_line_held_low_folds_every_second_mebibyte, walk_adds_to_what_another_vcpu_mapped,
         memory_that_cannot_be_read_is_an_error_that_adds_nothing});
}

}  // namespace guestdump::target_i386
