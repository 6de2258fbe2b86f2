// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/execution.h"

#include "target-i386/cpu.h"
#include "tests/support/run_suites.h"

namespace guestdump::target_i386 {

Suite* execution_suite();

namespace {

Registers long_mode() {
    Registers registers;
    registers.efer = kEferLongModeActive;
    registers.rip = 0xffffffff81000000;
    registers.rsp = 0xffffc90000003f00;
    registers.cs.selector = 0x10;
    return registers;
}

START_TEST(registers_have_their_dwarf_numbers) {
    Registers registers = long_mode();
    registers.rax = 100;
    registers.rdx = 101;
    registers.rcx = 102;
    registers.rbx = 103;
    registers.rsi = 104;
    registers.rdi = 105;
    registers.rbp = 106;
    for (size_t i = 0; i < 8; ++i) registers.r8_to_r15[i] = 108 + i;
    const auto execution = execution_of(registers);
    ck_assert(execution && !execution->user_mode);
    for (size_t i = 0; i < 16; ++i) {
        if (i != 7) ck_assert_uint_eq(execution->registers[i], 100 + i);
    }
    ck_assert_uint_eq(execution->registers[7], 0xffffc90000003f00);
    ck_assert_uint_eq(execution->registers[16], 0xffffffff81000000);
}
END_TEST

START_TEST(the_privilege_level_tells_user_mode) {
    Registers registers = long_mode();
    for (const uint16_t selector : {0x33, 0x23, 0x11}) {
        registers.cs.selector = selector;
        ck_assert(execution_of(registers)->user_mode);
    }
}
END_TEST

START_TEST(both_gs_bases_may_be_the_kernels) {
    Registers registers = long_mode();
    ck_assert(execution_of(registers)->areas.empty());
    registers.gs.base = 0x1000;
    registers.kernel_gs_base = 0x2000;
    ck_assert(execution_of(registers)->areas ==
              (std::vector<guest::Gva>{guest::Gva{0x1000}, guest::Gva{0x2000}}));
}
END_TEST

START_TEST(what_is_not_known_or_not_of_64_bits_is_empty) {
    Registers registers = long_mode();
    registers.efer = 0;
    ck_assert(!execution_of(registers));
    Registers none;
    none.efer = kEferLongModeActive;
    ck_assert(!execution_of(none));
    ck_assert(!make_cpu(registers).execution());
    ck_assert(make_cpu(long_mode()).execution().has_value());
}
END_TEST

}  // namespace

Suite* execution_suite() {
    return support::make_suite("execution", {
                                                registers_have_their_dwarf_numbers,
                                                the_privilege_level_tells_user_mode,
                                                both_gs_bases_may_be_the_kernels,
                                                what_is_not_known_or_not_of_64_bits_is_empty,
                                            });
}

}  // namespace guestdump::target_i386
