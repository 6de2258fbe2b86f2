// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vm/bare_machine.h"
#include "tests/vm/counting.h"
#include "vm/accels.h"
#include "vm/firmware.h"
#include "vm/memory/ram.h"

namespace guestdump::vm {

Suite* kvm_accel_suite();

namespace {

using support::must;
using support::must_fail;
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

START_TEST(many_vcpus_count) {
    BareMachine machine = make_machine(32, "counter");
    check_counting(machine, 2);
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
    BareMachine machine = make_machine(1, "");
    const uint64_t behind_hlt = machine.run_until_hlt();
    ck_assert_uint_gt(behind_hlt, 0xffff0000);
    const Registers registers = machine.registers(0);
    for (int i = 0; i < 100; ++i) {
        machine.accel().run();
        machine.accel().halt();
    }
    ck_assert(machine.registers(0) == registers);
}
END_TEST

START_TEST(the_firmware_alone_leaves_its_entry_state) {
    BareMachine machine = make_machine(1, "");
    const uint64_t behind_hlt = machine.run_until_hlt();
    Registers registers = machine.registers(0);
    registers.rax = 0;  // the only register in which it leaves a value
    ck_assert(registers == entry_registers(static_cast<uint32_t>(behind_hlt)));
}
END_TEST

START_TEST(a_vcpu_can_start_at_an_image_without_firmware) {
    BareMachine machine = make_machine(2, "counter");
    for (const unsigned cpu : {0u, 1u}) machine.reset(cpu, entry_registers(0x100000));
    check_counting(machine, 3);
}
END_TEST

START_TEST(nothing_answers_on_the_bus_and_rom_stays_what_it_is) {
    BareMachine machine = make_machine(1, "empty_bus");
    ck_assert_uint_eq(machine.run_until_hlt(), 0x100801);
    ck_assert_uint_eq(machine.word(0x200000), UINT64_MAX);
    ck_assert_uint_eq(machine.word(0x200008), 0x00000000ffffffff);
    ck_assert_uint_eq(machine.word(0x200010), 0);
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

Result<> map_one(GpaRange range, uint64_t host_offset, unsigned cpus = 1) {
    RamSpec spec;
    spec.id = "odd";
    spec.size = 0x10000;
    const auto ram = must(Ram::create(spec));
    AddressSpace memory;
    must(memory.add(
        {.range = range, .region = ram, .offset = host_offset, .host = ram->host() + host_offset}));
    const auto accel = must(make_kvm_accel());
    return accel->create_vcpus(cpus, memory, [](const VcpuFault&) {});
}

START_TEST(memory_that_does_not_fill_its_pages_is_mapped_as_far_as_it_does) {
    must(map_one({Gpa{0xfed40080}, 0x2000}, 0x80));
    must(map_one({Gpa{0xfed40080}, 0x100}, 0));
}
END_TEST

START_TEST(memory_at_another_offset_in_the_hosts_page_is_refused) {
    must_fail(map_one({Gpa{0xfed40080}, 0x2000}, 0x40), "memory at 0xfed40080");
}
END_TEST

START_TEST(more_vcpus_than_kvm_can_have_are_refused) {
    must_fail(map_one({Gpa{0}, 0x1000}, 0, 1u << 20), "1048576 vCPUs");
}
END_TEST

}  // namespace

Suite* kvm_accel_suite() {
    return support::make_suite(
        "kvm_accel",
        {registers_after_reset_are_those_that_were_set,
         halts_100_times_with_registers_and_memory_in_agreement, one_vcpu_is_enough,
         many_vcpus_count, a_counting_vcpu_is_in_long_mode, reset_starts_from_zero,
         a_vcpu_that_executed_hlt_halts_at_once_and_stays_behind_it,
         the_firmware_alone_leaves_its_entry_state, a_vcpu_can_start_at_an_image_without_firmware,
         nothing_answers_on_the_bus_and_rom_stays_what_it_is,
         a_triple_fault_is_told_and_reset_brings_the_guest_back,
         memory_that_does_not_fill_its_pages_is_mapped_as_far_as_it_does,
         memory_at_another_offset_in_the_hosts_page_is_refused,
         more_vcpus_than_kvm_can_have_are_refused});
}

}  // namespace guestdump::vm
