// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/kernel_pointers.h"

#include "target-i386/cpu.h"
#include "tests/support/run_suites.h"
#include "tests/target-i386/page_tables.h"

namespace guestdump::target_i386 {

Suite* kernel_pointers_suite();

namespace {

using guest::Gpa;
using guest::Gva;

constexpr uint64_t kBase = 0xffffffff80000000;

/// Tables at 0x1000 that map kBase, and the page after it, to 0x8000 and 0x6000; nothing else.
TestMemory two_pages() {
    TestMemory memory;
    memory.add(0, 0x10000);
    memory.put64(0x1000 + 8 * 511, 0x2000 | kUser);
    memory.put64(0x2000 + 8 * 510, 0x3000 | kUser);
    memory.put64(0x3000, 0x4000 | kUser);
    memory.put64(0x4000, 0x8000 | kUser);
    memory.put64(0x4000 + 8, 0x6000 | kUser);
    return memory;
}

Registers in_kernel() {
    Registers registers = long_mode_registers(0x1000);
    registers.cs.selector = 0x10;
    registers.rip = kBase + 0x123;
    registers.rsp = kBase + 0x456;
    return registers;
}

guest::KernelPointers pointers_of(const Registers& registers, const TestMemory& memory) {
    return make_cpu(registers).kernel_pointers({.root = Gpa{0x1000}}, memory.source());
}

START_TEST(code_and_stack_are_the_kernels_in_kernel_mode_only) {
    Registers registers = in_kernel();
    const guest::KernelPointers kernel = pointers_of(registers, two_pages());
    ck_assert(kernel.instruction == Gva{kBase + 0x123});
    ck_assert(kernel.stack == Gva{kBase + 0x456});
    registers.cs.selector = 0x33;
    const guest::KernelPointers user = pointers_of(registers, two_pages());
    ck_assert(!user.instruction && !user.stack);
}
END_TEST

START_TEST(tables_and_per_cpu_memory_are_those_of_the_upper_half) {
    Registers registers = in_kernel();
    registers.gdt.base = kBase + 1;
    registers.idt.base = kBase + 2;
    registers.gs.base = 0x7f0000001000;  // the process's
    registers.kernel_gs_base = kBase + 4;
    const auto found = pointers_of(registers, two_pages()).structures;
    ck_assert(found == (std::vector<Gva>{Gva{kBase + 1}, Gva{kBase + 2}, Gva{kBase + 4}}));
}
END_TEST

START_TEST(the_task_state_names_stacks_also_across_pages) {
    TestMemory memory = two_pages();
    Registers registers = in_kernel();
    registers.tr.base = kBase + 0x1000 - 8;
    memory.put32(0x8ffc, 0x00005000);  // rsp0, 4 bytes into the segment
    memory.put32(0x6000, 0xffffffff);
    memory.put64(0x6004, 0x1234);                   // rsp1 is no kernel's
    memory.put64(0x6000 + 36 - 8, kBase + 0x9000);  // ist1
    memory.put64(0x6000 + 84 - 8, kBase + 0xf000);  // ist7
    const auto stacks = pointers_of(registers, memory).entry_stacks;
    ck_assert(stacks == (std::vector<Gva>{Gva{0xffffffff00005000}, Gva{kBase + 0x9000},
                                          Gva{kBase + 0xf000}}));
}
END_TEST

START_TEST(a_task_state_that_is_not_mapped_names_no_stacks) {
    Registers registers = in_kernel();
    for (const uint64_t base : {kBase + 0x1fb0, kBase + 0x5000, uint64_t{0}, UINT64_MAX - 7}) {
        registers.tr.base = base;
        ck_assert(pointers_of(registers, two_pages()).entry_stacks.empty());
    }
}
END_TEST

START_TEST(the_tables_of_a_vcpu_have_its_root_and_its_levels) {
    const auto four = make_cpu(long_mode_registers(0x5008)).page_tables();
    ck_assert(four && four->root == Gpa{0x5000} && four->levels == 4);
    const auto five = make_cpu(long_mode_registers(0x5000, kCr4La57)).page_tables();
    ck_assert(five && five->levels == 5);
    ck_assert(!make_cpu(Registers{}).page_tables());
}
END_TEST

START_TEST(a_number_of_levels_that_there_is_not_maps_nothing) {
    const TestMemory memory = two_pages();
    for (const uint8_t levels : {uint8_t{0}, uint8_t{1}, uint8_t{6}, uint8_t{255}}) {
        const guest::PageWalk walk =
            walk_tables({.root = Gpa{0x1000}, .levels = levels}, Gva{kBase}, memory.source());
        ck_assert(!walk.phys && walk.table_count == 0);
    }
    ck_assert(walk_tables({.root = Gpa{0x1000}}, Gva{kBase}, memory.source()).phys == Gpa{0x8000});
}
END_TEST

START_TEST(bits_of_encryption_are_no_part_of_an_address) {
    TestMemory memory = two_pages();
    const uint64_t bit = uint64_t{1} << 47;
    memory.put64(0x3000, 0x4000 | kUser | bit);
    memory.put64(0x4000, 0x8000 | kUser | bit);
    ck_assert(!walk_tables({.root = Gpa{0x1000}}, Gva{kBase}, memory.source()).phys);
    const guest::PageTables tables{.root = Gpa{0x1000}, .encryption_bits = bit};
    ck_assert(walk_tables(tables, Gva{kBase}, memory.source()).phys == Gpa{0x8000});
}
END_TEST

}  // namespace

Suite* kernel_pointers_suite() {
    return support::make_suite("kernel_pointers",
                               {
                                   code_and_stack_are_the_kernels_in_kernel_mode_only,
                                   tables_and_per_cpu_memory_are_those_of_the_upper_half,
                                   the_task_state_names_stacks_also_across_pages,
                                   a_task_state_that_is_not_mapped_names_no_stacks,
                                   the_tables_of_a_vcpu_have_its_root_and_its_levels,
                                   a_number_of_levels_that_there_is_not_maps_nothing,
                                   bits_of_encryption_are_no_part_of_an_address,
                               });
}

}  // namespace guestdump::target_i386
