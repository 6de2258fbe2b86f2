// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vm/bare_machine.h"
#include "tests/vm/counting.h"
#include "vm/accels.h"
#include "vm/firmware.h"

namespace vm {

Suite* kvm_accel_suite();

namespace {

using support::must;
using target_i386::Registers;

BareMachine make_machine(unsigned cpus, const std::string& guest) {
    return {must(make_kvm_accel()), cpus, guest};
}

START_TEST(registers_after_reset_are_those_that_were_set) {
    BareMachine machine = make_machine(2, "");
    const Registers reset = target_i386::reset_registers();
    ck_assert(machine.registers(1) == reset);
    const Registers entry = entry_registers(0x100000);
    machine.reset(0, entry);
    ck_assert(machine.registers(0) == entry);
    ck_assert(machine.registers(1) == reset);
}
END_TEST

START_TEST(halts_100_times_with_registers_and_memory_in_agreement) {
    BareMachine machine = make_machine(4, "counter");
    check_counting(machine, 100);
}
END_TEST

START_TEST(one_vcpu_is_enough) {
    BareMachine machine = make_machine(1, "counter");
    check_counting(machine, 10);
}
END_TEST

START_TEST(a_counting_vcpu_is_in_long_mode) {
    BareMachine machine = make_machine(1, "counter");
    check_counting(machine, 1);
    const Registers registers = machine.registers(0);
    ck_assert_uint_eq(registers.cr0 & 0x80000001, 0x80000001);
    ck_assert_uint_eq(registers.cr3, 0x101000);
    ck_assert_uint_eq(registers.cr4 & 0x20, 0x20);
    ck_assert_uint_eq(registers.efer & 0x500, 0x500);
    ck_assert_uint_eq(registers.cs.selector, 0x08);
    ck_assert_uint_eq(registers.cs.flags, 0xa09b00);
    ck_assert_uint_eq(registers.cs.limit, 0xffffffff);
    ck_assert_uint_eq(registers.ss.flags, 0xc09300);
    ck_assert_uint_eq(registers.gdt.base, 0xffff8000001007c0);
    ck_assert_uint_eq(registers.gdt.limit, 23);
}
END_TEST

START_TEST(reset_starts_from_zero) {
    BareMachine machine = make_machine(2, "counter");
    check_counting(machine, 3);
    machine.reset();
    ck_assert(machine.registers(0) == target_i386::reset_registers());
    check_counting(machine, 3);
}
END_TEST

START_TEST(a_vcpu_that_executed_hlt_halts_at_once_and_stays_behind_it) {
    BareMachine machine = make_machine(2, "");
    Registers last;
    for (int i = 0; i < 100; ++i) {
        machine.accel().run();
        machine.accel().halt();
    }
    do {
        machine.accel().run();
        machine.accel().halt();
        last = machine.registers(1);
    } while (last.rip < 0xffff0000);
    machine.accel().run();
    machine.accel().halt();
    ck_assert(machine.registers(1) == last);
}
END_TEST

START_TEST(a_triple_fault_is_told_and_reset_brings_the_guest_back) {
    BareMachine machine = make_machine(1, "triple_fault");
    machine.accel().run();
    const VcpuFault fault = machine.wait_fault();
    machine.accel().halt();
    ck_assert(fault.kind == VcpuFault::Kind::triple_fault);
    ck_assert_uint_eq(fault.cpu, 0);
    machine.registers(0);
    machine.reset();
    machine.accel().run();
    machine.wait_fault();
    machine.accel().halt();
}
END_TEST

}  // namespace

Suite* kvm_accel_suite() {
    return support::make_suite(
        "kvm_accel", {registers_after_reset_are_those_that_were_set,
                      halts_100_times_with_registers_and_memory_in_agreement, one_vcpu_is_enough,
                      a_counting_vcpu_is_in_long_mode, reset_starts_from_zero,
                      a_vcpu_that_executed_hlt_halts_at_once_and_stays_behind_it,
                      a_triple_fault_is_told_and_reset_brings_the_guest_back});
}

}  // namespace vm
