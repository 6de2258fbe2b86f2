// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/translate.h"

#include "target-i386/cpu.h"
#include "target-i386/interrupt_table.h"
#include "tests/support/run_suites.h"
#include "tests/target-i386/page_tables.h"

namespace guestdump::target_i386 {

Suite* translate_suite();

namespace {

using guest::Gpa;
using guest::Gva;

/// A kernel's four levels of tables with the top at 0x1000: 0xffffffff80000000 is a page at 0x8000,
/// and the large page after it is at 0x200000.
TestMemory four_levels() {
    TestMemory memory;
    memory.add(0, 0x10000);
    memory.put64(0x1000 + 8 * 511, 0x2000 | kUser);
    memory.put64(0x2000 + 8 * 510, 0x3000 | kUser);
    memory.put64(0x3000, 0x4000 | kUser);
    memory.put64(0x3000 + 8, 0x200000 | kUser | kPs);
    memory.put64(0x4000, 0x8000 | kUser);
    return memory;
}

std::optional<Gpa> translated(const TestMemory& memory, const Registers& registers,
                              uint64_t address, std::optional<Gpa> root = {}) {
    return make_cpu(registers).translate(Gva{address}, memory.source(), root);
}

START_TEST(an_address_keeps_its_offset_in_the_page) {
    const TestMemory memory = four_levels();
    const Registers registers = long_mode_registers(0x1000);
    ck_assert(translated(memory, registers, 0xffffffff80000123) == Gpa{0x8123});
    ck_assert(translated(memory, registers, 0xffffffff80212345) == Gpa{0x212345});
}
END_TEST

START_TEST(what_no_table_maps_has_no_address) {
    const TestMemory memory = four_levels();
    const Registers registers = long_mode_registers(0x1000);
    const uint64_t unmapped[] = {0xffffffff80001000, 0xffffffff80400000, 0xffffffffc0000000,
                                 0x80000000, 0xffff80000000};
    for (const uint64_t address : unmapped) {
        ck_assert(!translated(memory, registers, address));
    }
    ck_assert(!translated(memory, long_mode_registers(0x20000), 0xffffffff80000000));
    ck_assert(!translated(memory, Registers{}, 0x1000));
}
END_TEST

START_TEST(another_top_table_can_be_asked) {
    const TestMemory memory = four_levels();
    const Registers registers = long_mode_registers(0x9000);
    ck_assert(!translated(memory, registers, 0xffffffff80000000));
    ck_assert(translated(memory, registers, 0xffffffff80000000, Gpa{0x1000}) == Gpa{0x8000});
}
END_TEST

START_TEST(two_levels_have_entries_of_4_bytes) {
    TestMemory memory;
    memory.add(0, 0x10000);
    memory.put32(0x1000 + 4 * 768, 0x2067);
    memory.put32(0x2000 + 4 * 5, 0x7067);
    Registers registers;
    registers.cr0 = kCr0Paging | kCr0ProtectedMode;
    registers.cr3 = 0x1000;
    ck_assert(translated(memory, registers, 0xc0005678) == Gpa{0x7678});
}
END_TEST

/// IDT at the page at 0x8000, one gate: 0xffffffff81000abc in long mode, 0x81000abc otherwise.
TestMemory with_gate() {
    TestMemory memory = four_levels();
    memory.put64(0x8000, 0x81008e0000100abc);
    memory.put64(0x8008, 0x00000000ffffffff);
    return memory;
}

START_TEST(the_first_handler_is_read_through_the_page_tables) {
    const TestMemory memory = with_gate();
    Registers registers = long_mode_registers(0x1000);
    registers.idt.base = 0xffffffff80000000;
    ck_assert(make_cpu(registers).first_handler(memory.source()) == Gva{0xffffffff81000abc});
    registers.idt.base = 0xffffffff80001000;
    ck_assert(!make_cpu(registers).first_handler(memory.source()));
}
END_TEST

START_TEST(gates_of_protected_mode_have_8_bytes) {
    ck_assert(first_gate(Gpa{0x8000}, false, with_gate().source()) == Gva{0x81000abc});
}
END_TEST

START_TEST(a_gate_that_is_not_present_or_not_whole_is_none) {
    TestMemory memory = with_gate();
    memory.put64(0x8ff8, 0x81008e0000100abc);
    ck_assert(first_gate(Gpa{0x8ff8}, false, memory.source()).has_value());
    ck_assert(!first_gate(Gpa{0x8ff8}, true, memory.source()));
    ck_assert(!first_gate(Gpa{0x10000}, true, memory.source()));
    memory.put64(0x8000, 0x81000e0000100abc);
    ck_assert(!first_gate(Gpa{0x8000}, true, memory.source()));
}
END_TEST

}  // namespace

Suite* translate_suite() {
    return support::make_suite("translate", {
                                                an_address_keeps_its_offset_in_the_page,
                                                what_no_table_maps_has_no_address,
                                                another_top_table_can_be_asked,
                                                two_levels_have_entries_of_4_bytes,
                                                the_first_handler_is_read_through_the_page_tables,
                                                gates_of_protected_mode_have_8_bytes,
                                                a_gate_that_is_not_present_or_not_whole_is_none,
                                            });
}

}  // namespace guestdump::target_i386
