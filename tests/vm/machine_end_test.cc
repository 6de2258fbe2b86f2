// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vm/machine_bench.h"

namespace guestdump::vm {

Suite* machine_end_suite();

namespace {

using support::must;
using support::must_fail;

START_TEST(triple_fault_leaves_a_dead_machine_that_can_be_dumped) {
    const auto b = running_bench();
    b->accel.on_fault(kTripleFault);
    ck_assert(b->machine->running());  // the main loop has not heard of the fault yet
    b->spin();
    ck_assert(b->machine->state() == RunState::shutdown && !b->accel.running);
    b->must_have_told("SHUTDOWN:guest-reset STOP");
    must_fail(b->machine->cont(), "Resetting the Virtual Machine is required");
    must(b->machine->pause());
    b->machine->resume();
    ck_assert(b->machine->state() == RunState::shutdown && !b->accel.running);
}
END_TEST

START_TEST(internal_error_stops_without_a_shutdown) {
    const auto b = running_bench();
    b->accel.on_fault(kInternalError);
    b->spin();
    ck_assert(b->machine->state() == RunState::internal_error && !b->accel.running);
    b->must_have_told("STOP");
}
END_TEST

START_TEST(guest_dies_only_once_however_many_vcpus_fault) {
    const auto b = running_bench();
    b->accel.on_fault(kTripleFault);
    b->accel.on_fault(kInternalError);
    b->accel.on_fault(kTripleFault);
    b->spin();
    ck_assert(b->machine->state() == RunState::shutdown);
    b->must_have_told("SHUTDOWN:guest-reset STOP");
}
END_TEST

START_TEST(guest_that_dies_as_a_dump_begins_does_not_run_on_after_it) {
    const auto b = running_bench();
    b->accel.on_fault(kTripleFault);
    must(b->machine->pause());
    b->spin();
    b->machine->resume();
    ck_assert(b->machine->state() == RunState::shutdown && !b->accel.running);
    b->must_have_told("STOP SHUTDOWN:guest-reset");
}
END_TEST

START_TEST(fault_from_before_a_reset_does_not_kill_the_machine_after_it) {
    const auto b = running_bench();
    b->accel.on_fault(kTripleFault);
    must(b->machine->request_reset(ShutdownCause::host_qmp_system_reset));
    b->spin();
    ck_assert(b->machine->running() && b->accel.running);
    b->must_have_told("RESET:host-qmp-system-reset");
}
END_TEST

START_TEST(reset_loads_images_again_and_keeps_other_ram) {
    const auto b = running_bench();
    b->ram->host()[16] = std::byte{0};
    b->ram->host()[100] = std::byte{7};
    b->accel.registers[0].rip = 0x1234;
    must(b->machine->request_reset(ShutdownCause::host_qmp_system_reset));
    b->spin();
    ck_assert_uint_eq(static_cast<uint8_t>(b->ram->host()[16]), 0x90);
    ck_assert_uint_eq(static_cast<uint8_t>(b->ram->host()[100]), 7);
    ck_assert(b->accel.registers[0] == target_i386::reset_registers());
    ck_assert(b->machine->running() && b->accel.running);
}
END_TEST

START_TEST(reset_raises_the_dead) {
    const auto b = running_bench();
    b->accel.on_fault(kTripleFault);
    b->spin();
    must(b->machine->request_reset(ShutdownCause::host_qmp_system_reset));
    b->spin();
    ck_assert(b->machine->state() == RunState::prelaunch);
    must(b->machine->cont());
    ck_assert(b->machine->running());
}
END_TEST

START_TEST(reset_during_a_dump_waits_for_its_end) {
    const auto b = running_bench();
    must(b->machine->pause());
    b->ram->host()[16] = std::byte{0};
    must(b->machine->request_reset(ShutdownCause::host_qmp_system_reset));
    b->spin();
    ck_assert_uint_eq(static_cast<uint8_t>(b->ram->host()[16]), 0);
    b->machine->resume();
    ck_assert_uint_eq(static_cast<uint8_t>(b->ram->host()[16]), 0x90);
    ck_assert(b->machine->running());
    b->must_have_told("STOP RESET:host-qmp-system-reset RESUME");
}
END_TEST

START_TEST(reset_that_fails_is_an_internal_error) {
    const auto b = running_bench();
    b->accel.no_reset = "the host does not want to";
    must(b->machine->request_reset(ShutdownCause::host_qmp_system_reset));
    b->spin();
    ck_assert(b->machine->state() == RunState::internal_error && !b->accel.running);
}
END_TEST

START_TEST(reset_that_fails_after_a_dump_leaves_the_guest_stopped) {
    const auto b = running_bench();
    must(b->machine->pause());
    must(b->machine->request_reset(ShutdownCause::host_qmp_system_reset));
    b->spin();
    b->accel.no_reset = "the host does not want to";
    b->machine->resume();
    ck_assert(b->machine->state() == RunState::internal_error && !b->accel.running);
}
END_TEST

START_TEST(shutdown_is_told_before_who_asked_gets_an_answer) {
    const auto b = running_bench();
    b->machine->request_shutdown(ShutdownCause::host_qmp_quit);
    b->must_have_told("SHUTDOWN:host-qmp-quit");
}
END_TEST

START_TEST(what_was_posted_for_a_machine_that_is_gone_does_nothing) {
    const auto b = running_bench();
    b->accel.on_fault(kTripleFault);
    b->machine.reset();
    b->spin();
    b->must_have_told("");
}
END_TEST

START_TEST(vcpu_that_dies_while_the_machine_is_taken_down_finds_it_whole) {
    const auto b = running_bench();
    b->accel.at_end = [&b] { b->accel.on_fault(kTripleFault); };
    b->machine.reset();
    ck_assert_uint_eq(b->posted.size(), 1);
    b->spin();
    b->must_have_told("");
}
END_TEST

}  // namespace

Suite* machine_end_suite() {
    return support::make_suite(
        "machine_end",
        {triple_fault_leaves_a_dead_machine_that_can_be_dumped,
         internal_error_stops_without_a_shutdown, guest_dies_only_once_however_many_vcpus_fault,
         guest_that_dies_as_a_dump_begins_does_not_run_on_after_it,
         fault_from_before_a_reset_does_not_kill_the_machine_after_it,
         reset_loads_images_again_and_keeps_other_ram, reset_raises_the_dead,
         reset_during_a_dump_waits_for_its_end, reset_that_fails_is_an_internal_error,
         reset_that_fails_after_a_dump_leaves_the_guest_stopped,
         shutdown_is_told_before_who_asked_gets_an_answer,
         what_was_posted_for_a_machine_that_is_gone_does_nothing,
         vcpu_that_dies_while_the_machine_is_taken_down_finds_it_whole});
}

}  // namespace guestdump::vm
