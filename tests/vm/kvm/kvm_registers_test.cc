// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/kvm/kvm_registers.h"

#include <linux/kvm.h>

#include "tests/support/run_suites.h"

namespace guestdump::vm {

Suite* kvm_registers_suite();

namespace {

using target_i386::Registers;

/// Registers that all have different values.
Registers distinct_registers() {
    Registers registers;
    uint64_t next = 0x1111111100000001;
    for (uint64_t* field :
         {&registers.rax, &registers.rbx, &registers.rcx, &registers.rdx, &registers.rsi,
          &registers.rdi, &registers.rsp, &registers.rbp, &registers.rip, &registers.rflags,
          &registers.cr0, &registers.cr2, &registers.cr3, &registers.cr4, &registers.efer}) {
        *field = next++;
    }
    for (uint64_t& field : registers.r8_to_r15) field = next++;
    uint16_t selector = 8;
    for (auto* segment : {&registers.cs, &registers.ds, &registers.es, &registers.fs, &registers.gs,
                          &registers.ss, &registers.ldt, &registers.tr}) {
        *segment = {.selector = selector, .base = next++, .limit = selector * 3u, .flags = 0x9300};
        selector = static_cast<uint16_t>(selector + 8);
    }
    registers.gdt = {.base = next++, .limit = 0x17};
    registers.idt = {.base = next++, .limit = 0xfff};
    return registers;
}

START_TEST(what_goes_to_kvm_comes_back) {
    const Registers registers = distinct_registers();
    kvm_regs general{};
    kvm_sregs special{};
    to_kvm(registers, general);
    to_kvm(registers, special);
    ck_assert_uint_eq(general.r15, registers.r8_to_r15[7]);
    ck_assert_uint_eq(special.fs.base, registers.fs.base);
    ck_assert(from_kvm(general, special) == registers);
}
END_TEST

START_TEST(attributes_are_the_high_word_of_a_descriptor) {
    // One attribute after the other. [SDM 3A 3.4.5]
    const std::pair<uint32_t, uint8_t kvm_segment::*> attributes[] = {
        {1u << 12, &kvm_segment::s},   {1u << 15, &kvm_segment::present},
        {1u << 20, &kvm_segment::avl}, {1u << 21, &kvm_segment::l},
        {1u << 22, &kvm_segment::db},  {1u << 23, &kvm_segment::g}};
    for (const auto& [flag, field] : attributes) {
        kvm_sregs special{};
        special.cs.*field = 1;
        ck_assert_uint_eq(from_kvm(kvm_regs{}, special).cs.flags, flag);
    }
    kvm_sregs special{};
    special.cs.type = 11;
    special.cs.dpl = 3;
    ck_assert_uint_eq(from_kvm(kvm_regs{}, special).cs.flags, 0x6b00);
}
END_TEST

START_TEST(a_segment_that_cannot_be_used_is_not_present) {
    kvm_sregs special{};
    special.ldt.type = 2;
    special.ldt.present = 1;
    special.ldt.unusable = 1;
    const Registers registers = from_kvm(kvm_regs{}, special);
    ck_assert_uint_eq(registers.ldt.flags, 0x200);
    kvm_sregs back{};
    to_kvm(registers, back);
    ck_assert_uint_eq(back.ldt.present, 0);
    ck_assert_uint_eq(back.ldt.unusable, 1);
}
END_TEST

START_TEST(what_is_the_apics_stays) {
    kvm_sregs special{};
    special.apic_base = 0xfee00900;
    special.cr8 = 5;
    to_kvm(distinct_registers(), special);
    ck_assert_uint_eq(special.apic_base, 0xfee00900);
    ck_assert_uint_eq(special.cr8, 5);
}
END_TEST

}  // namespace

Suite* kvm_registers_suite() {
    return support::make_suite(
        "kvm_registers", {what_goes_to_kvm_comes_back, attributes_are_the_high_word_of_a_descriptor,
                          a_segment_that_cannot_be_used_is_not_present, what_is_the_apics_stays});
}

}  // namespace guestdump::vm
