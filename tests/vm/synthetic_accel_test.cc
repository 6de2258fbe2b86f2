// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"
#include "tests/vm/bare_machine.h"
#include "tests/vm/counting.h"
#include "vm/accels.h"

namespace guestdump::vm {

Suite* synthetic_accel_suite();

namespace {

START_TEST(vcpus_are_as_reset_left_them_until_they_run) {
    BareMachine machine(make_synthetic_accel(), 2, "");
    ck_assert(machine.registers(1) == target_i386::reset_registers());
    ck_assert_uint_eq(machine.word(0x101000), 0);
}
END_TEST

START_TEST(halts_100_times_with_registers_and_memory_in_agreement) {
    BareMachine machine(make_synthetic_accel(), 4, "");
    check_counting(machine, 100);
}
END_TEST

START_TEST(one_vcpu_is_enough) {
    BareMachine machine(make_synthetic_accel(), 1, "");
    check_counting(machine, 10);
}
END_TEST

START_TEST(runs_255_vcpus) {
    BareMachine machine(make_synthetic_accel(), 255, "");
    check_counting(machine, 3);
}
END_TEST

START_TEST(its_page_tables_map_the_kernels_end_of_the_address_space) {
    BareMachine machine(make_synthetic_accel(), 1, "");
    check_counting(machine, 1);
    ck_assert_uint_eq(machine.registers(0).cr3, 0x101000);
    ck_assert_uint_eq(machine.word(0x101000 + 8 * 256), 0x102003);
    ck_assert_uint_eq(machine.word(0x102000), 0x103003);
    ck_assert_uint_eq(machine.word(0x103008), 0x200083);
}
END_TEST

START_TEST(reset_starts_from_zero) {
    BareMachine machine(make_synthetic_accel(), 2, "");
    check_counting(machine, 3);
    machine.reset();
    ck_assert(machine.registers(0) == target_i386::reset_registers());
    check_counting(machine, 3);
}
END_TEST

START_TEST(every_vcpu_has_a_thread_of_its_own) {
    BareMachine machine(make_synthetic_accel(), 2, "");
    ck_assert_int_ne(machine.accel().thread_id(0), machine.accel().thread_id(1));
    ck_assert_int_ne(machine.accel().thread_id(0), getpid());
    ck_assert_int_gt(machine.accel().thread_id(0), 0);
}
END_TEST

START_TEST(runs_without_any_memory) {
    const auto accel = make_synthetic_accel();
    const Result<> made = accel->create_vcpus(1, AddressSpace(), [](const VcpuFault&) {});
    ck_assert(bool(made));
    accel->run();
    accel->halt();
    const auto registers = accel->registers(0);
    ck_assert(registers && in_loop(registers->rip));
}
END_TEST

START_TEST(halting_and_running_twice_change_nothing) {
    BareMachine machine(make_synthetic_accel(), 1, "");
    machine.accel().halt();
    machine.accel().run();
    machine.accel().run();
    wait_for_progress(machine, {0});
    machine.accel().halt();
    machine.accel().halt();
    consistent_counters(machine);
}
END_TEST

}  // namespace

Suite* synthetic_accel_suite() {
    return support::make_suite(
        "synthetic_accel",
        {vcpus_are_as_reset_left_them_until_they_run,
         halts_100_times_with_registers_and_memory_in_agreement, one_vcpu_is_enough, runs_255_vcpus,
         its_page_tables_map_the_kernels_end_of_the_address_space, reset_starts_from_zero,
         every_vcpu_has_a_thread_of_its_own, runs_without_any_memory,
         halting_and_running_twice_change_nothing});
}

}  // namespace guestdump::vm
