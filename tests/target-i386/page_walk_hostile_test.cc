// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/target-i386/page_tables.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"

/// Tables that a guest writes to harm the dumper. Each walk here ends because of a bound. Without
/// it, most would exceed the test's time limit by hours.

namespace guestdump::target_i386 {

Suite* page_walk_hostile_suite();

namespace {

using support::must;
using support::must_fail;

constexpr uint64_t kTable = 0x1000;

void fill_table(TestMemory& memory, uint64_t table, uint64_t entry, uint64_t step = 0) {
    for (unsigned i = 0; i < 512; ++i) memory.put64(table + 8 * i, entry + step * i);
}

TestMemory small_memory() {
    TestMemory memory;
    memory.add(0, 0x10000);
    return memory;
}

START_TEST(table_that_is_all_itself_ends_with_the_cap) {
    TestMemory memory = small_memory();
    fill_table(memory, kTable, kTable | kUser);
    for (uint64_t cr4 : {uint64_t{0}, kCr4La57}) {
        WalkedList list;
        must_fail(walk_into(list, memory, long_mode_registers(kTable, cr4)),
                  "more than 4194304 separate mappings");
        ck_assert(list.view().empty());
    }
}
END_TEST

START_TEST(cycle_between_levels_ends_with_the_cap) {
    TestMemory memory = small_memory();
    fill_table(memory, 0x1000, 0x2000 | kUser);
    fill_table(memory, 0x2000, 0x3000 | kUser);
    fill_table(memory, 0x3000, 0x1000 | kUser);
    WalkedList list;
    must_fail(walk_into(list, memory, long_mode_registers(0x1000)), "separate mappings");
}
END_TEST

START_TEST(two_levels_that_are_one_table_are_2_20_mappings) {
    TestMemory memory = small_memory();
    for (unsigned i = 0; i < 1024; ++i) memory.put32(kTable + 4 * i, kTable | kUser);
    Registers registers = long_mode_registers(kTable);
    registers.cr4 = registers.efer = 0;
    WalkedList list;
    must(walk_into(list, memory, registers));
    ck_assert_uint_eq(list.view().size(), 1 << 20);
}
END_TEST

START_TEST(aliases_of_one_page_are_counted_each) {
    TestMemory memory = small_memory();
    for (unsigned i = 0; i < 4; ++i) memory.put64(0x2000 + 8 * i, 0x3000 | kUser);
    memory.put64(0x1000, 0x2000 | kUser);
    fill_table(memory, 0x3000, 0x4000 | kUser);
    fill_table(memory, 0x4000, 0x8000 | kUser);
    WalkedList list;
    must(walk_into(list, memory, long_mode_registers(0x1000)));
    ck_assert_uint_eq(list.view().size(), 1 << 20);
    ck_assert_uint_eq(list.view().back().virt.value, 0xfffff000);
}
END_TEST

START_TEST(shared_tables_that_map_nothing_cost_nothing) {
    TestMemory memory = small_memory();
    fill_table(memory, 0x1000, 0x2000 | kUser);
    fill_table(memory, 0x2000, 0x3000 | kUser);
    fill_table(memory, 0x3000, 0x4000 | kUser);
    fill_table(memory, 0x4000, 0x123456789000 | kUser);  // 2^36 pages outside memory
    WalkedList list;
    must(walk_into(list, memory, long_mode_registers(0x1000)));
    ck_assert(list.view().empty());
}
END_TEST

START_TEST(shared_tables_whose_mappings_join_are_not_read_again) {
    // 2^30 pages in 2^21 mappings, so that no cap is exceeded: every 2 MiB map the same memory.
    TestMemory memory = small_memory();
    memory.add(0x200000, 0x200000);
    for (unsigned i = 0; i < 8; ++i) memory.put64(0x1000 + 8 * i, 0x2000 | kUser);
    fill_table(memory, 0x2000, 0x3000 | kUser);
    fill_table(memory, 0x3000, 0x4000 | kUser);
    fill_table(memory, 0x4000, 0x200000 | kUser, 0x1000);
    WalkedList list;
    must(walk_into(list, memory, long_mode_registers(0x1000)));
    ck_assert_uint_eq(list.view().size(), 1 << 21);
    ck_assert_uint_eq(list.view().back().length, 0x200000);
}
END_TEST

START_TEST(more_tables_than_a_guest_has_are_an_error) {
    // Each page of memory is a table of the lowest level, empty.
    TestMemory memory;
    memory.add(0, 0x200000);
    memory.put64(0x1000, 0x2000 | kUser);
    memory.put64(0x2000, 0x3000 | kUser);
    fill_table(memory, 0x3000, 0 | kUser, 0x1000);
    WalkedList list(32 * 256);
    must_fail(walk_into(list, memory, long_mode_registers(0x1000)), "more than 256 page tables");
}
END_TEST

START_TEST(more_references_than_the_list_may_grow_are_an_error) {
    // 512 * 512 references to one empty table, by way of 512 different tables.
    TestMemory memory;
    memory.add(0, 0x300000);
    memory.put64(0x1000, 0x2000 | kUser);
    fill_table(memory, 0x2000, 0x100000 | kUser, 0x1000);
    for (uint64_t i = 0; i < 512; ++i) fill_table(memory, 0x100000 + 0x1000 * i, 0x3000 | kUser);
    WalkedList list(100000);
    must_fail(walk_into(list, memory, long_mode_registers(0x1000)),
              "refer to tables again more than 100000 times");
}
END_TEST

/// Memory with a top table for each of @count vCPUs, from 1 MiB on. Entry 0 refers to @low + 0x1000
/// times the vCPU's number, and entry 256 to @high.
TestMemory many_address_spaces(unsigned count, uint64_t low, uint64_t high) {
    TestMemory memory;
    memory.add(0, 0x800000);
    for (unsigned i = 0; i < count; ++i) {
        memory.put64(0x100000 + 0x1000 * i, (low + 0x1000 * i) | kUser);
        memory.put64(0x100000 + 0x1000 * i + 8 * 256, high | kUser);
    }
    return memory;
}

START_TEST(what_address_spaces_share_is_read_once) {
    // 200 tables of the kernel, for 255 vCPUs: without sharing they are six times the bound.
    TestMemory memory = many_address_spaces(255, 0x200000, 0x1000);
    memory.put64(0x1000, 0x2000 | kUser);
    for (uint64_t i = 0; i < 200; ++i) memory.put64(0x2000 + 8 * i, (0x3000 + 0x1000 * i) | kUser);
    WalkedList list(32 * 256);
    for (unsigned i = 0; i < 255; ++i) {
        must(walk_into(list, memory, long_mode_registers(0x100000 + 0x1000 * i)));
    }
}
END_TEST

START_TEST(what_a_shared_table_maps_is_there_for_all_and_own_tables_are_read) {
    // The kernel's page, and one page more in each address space.
    TestMemory memory = many_address_spaces(3, 0x200000, 0x1000);
    memory.put64(0x1000, 0x2000 | kUser);
    memory.put64(0x2000, 0x3000 | kUser);
    memory.put64(0x3000, 0x7000 | kUser);
    for (uint64_t i = 0; i < 3; ++i) {
        memory.put64(0x200000 + 0x1000 * i, (0x210000 + 0x1000 * i) | kUser);
        memory.put64(0x210000 + 0x1000 * i, (0x220000 + 0x1000 * i) | kUser);
        memory.put64(0x220000 + 0x1000 * i, (0x400000 + 0x2000 * i) | kUser);
    }
    WalkedList list;
    for (unsigned i = 0; i < 3; ++i) {
        must(walk_into(list, memory, long_mode_registers(0x100000 + 0x1000 * i)));
    }
    const std::vector<guest::MemoryMapping> expected = {
        {guest::Gpa{0x400000}, guest::Gva{0}, 0x1000},
        {guest::Gpa{0x402000}, guest::Gva{0}, 0x1000},
        {guest::Gpa{0x404000}, guest::Gva{0}, 0x1000},
        {guest::Gpa{0x7000}, guest::Gva{0xffff800000000000}, 0x1000},
    };
    ck_assert(std::vector(list.view().begin(), list.view().end()) == expected);
}
END_TEST

START_TEST(a_shared_table_that_is_somewhere_else_is_read_again) {
    TestMemory memory = many_address_spaces(1, 0x200000, 0x1000);
    memory.put64(0x1000, 0x2000 | kUser);
    memory.put64(0x2000, 0x3000 | kUser);
    memory.put64(0x3000, 0x7000 | kUser);
    memory.put64(0x600000 + 8 * 3, 0x1000 | kUser);  // another top table
    WalkedList list;
    must(walk_into(list, memory, long_mode_registers(0x100000)));
    must(walk_into(list, memory, long_mode_registers(0x600000)));
    ck_assert_uint_eq(list.view().size(), 2);
    ck_assert_uint_eq(list.view()[0].virt.value, uint64_t{3} << 39);
    ck_assert_uint_eq(list.view()[1].virt.value, 0xffff800000000000);
}
END_TEST

START_TEST(address_spaces_with_tables_of_their_own_are_bounded_together) {
    // Each has 200 empty tables, at other addresses than the previous one's.
    TestMemory memory = many_address_spaces(255, 0x200000, 0);
    for (uint64_t i = 0; i < 255; ++i) {
        memory.put64(0x100000 + 0x1000 * i + 8 * 256, 0);
        memory.put64(0x200000 + 0x1000 * i, (0x300000 + 0x1000 * i) | kUser);
        for (uint64_t j = 0; j < 200; ++j) {
            memory.put64(0x300000 + 0x1000 * i + 8 * j,
                         (0x400000 + 0x1000 * ((i + j) % 1000)) | kUser);
        }
    }
    WalkedList list(32 * 256);
    unsigned walked = 0;
    Result<> done;
    while (walked < 255 &&
           (done = walk_into(list, memory, long_mode_registers(0x100000 + 0x1000 * walked)))) {
        ++walked;
    }
    must_fail(done, "take more than 98304 steps to walk");
    ck_assert_uint_ge(walked, 4);
}
END_TEST

START_TEST(raised_cap_lets_the_same_guest_pass) {
    TestMemory memory;
    memory.add(0, 0x200000);
    memory.put64(0x1000, 0x2000 | kUser);
    memory.put64(0x2000, 0x3000 | kUser);
    fill_table(memory, 0x3000, 0 | kUser, 0x1000);
    WalkedList list(32 * 1024);
    must(walk_into(list, memory, long_mode_registers(0x1000)));
}
END_TEST

START_TEST(tables_and_pages_at_the_end_of_addresses_are_found) {
    TestMemory memory = small_memory();
    memory.add(0xfffffffffe000, 0x2000);  // the last two pages of 52 bits
    memory.put64(0x1000 + 8 * 511, 0x2000 | kUser);
    memory.put64(0x2000 + 8 * 511, 0x3000 | kUser);
    memory.put64(0x3000 + 8 * 511, 0xfffffffffe000 | kUser);
    memory.put64(0xfffffffffe000 + 8 * 511, 0xffffffffff000 | kUser);
    WalkedList list;
    must(walk_into(list, memory, long_mode_registers(0x1000)));
    ck_assert_uint_eq(list.view().size(), 1);
    ck_assert(list.view()[0] == guest::MemoryMapping({guest::Gpa{0xffffffffff000},
                                                      guest::Gva{0xfffffffffffff000}, 0x1000}));
}
END_TEST

START_TEST(table_beyond_the_end_of_memory_is_not_followed) {
    TestMemory memory = small_memory();
    fill_table(memory, 0x1000, 0x10000 | kUser);            // just after memory
    memory.put64(0x1000 + 8 * 7, 0xffffffffff000 | kUser);  // at the end of addresses
    WalkedList list;
    must(walk_into(list, memory, long_mode_registers(0x1000)));
    ck_assert(list.view().empty());
}
END_TEST

START_TEST(top_table_outside_memory_maps_nothing) {
    const TestMemory memory = small_memory();
    for (uint64_t cr3 :
         {uint64_t{0x10000}, uint64_t{0xfffff000}, uint64_t{0xffffffffff000}, ~uint64_t{0}}) {
        for (uint64_t cr4 : {uint64_t{0}, kCr4La57}) {
            WalkedList list;
            must(walk_into(list, memory, long_mode_registers(cr3, cr4)));
            ck_assert(list.view().empty());
        }
    }
}
END_TEST

START_TEST(walk_without_any_memory_maps_nothing) {
    WalkedList list;
    must(walk_into(list, TestMemory(), long_mode_registers(0)));
    ck_assert(list.view().empty());
}
END_TEST

}  // namespace

Suite* page_walk_hostile_suite() {
    return support::make_suite(
        "page_walk_hostile",
        {table_that_is_all_itself_ends_with_the_cap, cycle_between_levels_ends_with_the_cap,
         two_levels_that_are_one_table_are_2_20_mappings, aliases_of_one_page_are_counted_each,
         shared_tables_that_map_nothing_cost_nothing,
         shared_tables_whose_mappings_join_are_not_read_again,
         more_tables_than_a_guest_has_are_an_error,
         more_references_than_the_list_may_grow_are_an_error,
         what_address_spaces_share_is_read_once,
         what_a_shared_table_maps_is_there_for_all_and_own_tables_are_read,
         a_shared_table_that_is_somewhere_else_is_read_again,
         address_spaces_with_tables_of_their_own_are_bounded_together,
         raised_cap_lets_the_same_guest_pass, tables_and_pages_at_the_end_of_addresses_are_found,
         table_beyond_the_end_of_memory_is_not_followed, top_table_outside_memory_maps_nothing,
         walk_without_any_memory_maps_nothing});
}

}  // namespace guestdump::target_i386
