// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/machine.h"

#include <unistd.h>

#include "target-i386/cpu.h"
#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vm/machine_bench.h"

namespace guestdump::vm {

Suite* machine_suite();

namespace {

using support::must;
using support::must_fail;

uint64_t rip_of(const Machine& machine, size_t cpu) {
    return target_i386::registers_of(machine.cpus()[cpu]).rip;
}

START_TEST(machine_begins_in_prelaunch_with_reset_vcpus_and_its_image) {
    const auto b = bench();
    ck_assert(b->machine->state() == RunState::prelaunch);
    ck_assert(!b->accel.running && b->accel.runs == 0);
    ck_assert(b->accel.registers[1] == target_i386::reset_registers());
    ck_assert_uint_eq(static_cast<uint8_t>(b->ram->host()[17]), 0x90);
    ck_assert_int_eq(b->machine->cpu_thread_id(1), 101);
}
END_TEST

START_TEST(cont_runs_and_stop_pauses) {
    const auto b = bench();
    must(b->machine->cont());
    ck_assert(b->machine->running() && b->accel.running);
    b->machine->stop();
    ck_assert(b->machine->state() == RunState::paused && !b->accel.running);
    b->must_have_told("RESUME STOP");
}
END_TEST

START_TEST(cont_of_a_running_and_stop_of_a_stopped_machine_change_nothing) {
    const auto b = bench();
    b->machine->stop();
    ck_assert(b->machine->state() == RunState::prelaunch);
    must(b->machine->cont());
    must(b->machine->cont());
    ck_assert_int_eq(b->accel.runs, 1);
    b->machine->stop();
    b->machine->stop();
    ck_assert_int_eq(b->accel.halts, 1);
    b->must_have_told("RESUME STOP");
}
END_TEST

START_TEST(dump_holds_a_running_guest_in_save_vm_and_lets_it_run_on) {
    const auto b = running_bench();
    b->accel.registers[1].rip = 0x1234;
    must(b->machine->pause());
    ck_assert(b->machine->state() == RunState::save_vm && !b->accel.running);
    ck_assert_uint_eq(rip_of(*b->machine, 1), 0x1234);
    b->machine->resume();
    ck_assert(b->machine->running() && b->accel.running);
    b->must_have_told("STOP RESUME");
}
END_TEST

START_TEST(dump_of_a_stopped_guest_leaves_it_stopped) {
    const auto b = bench();
    must(b->machine->pause());
    ck_assert_uint_eq(rip_of(*b->machine, 0), 0xfff0);
    b->machine->resume();
    ck_assert(b->machine->state() == RunState::prelaunch && b->accel.runs == 0);
    b->must_have_told("");
}
END_TEST

START_TEST(stop_during_a_dump_lasts) {
    const auto b = running_bench();
    must(b->machine->pause());
    b->machine->stop();
    b->machine->resume();
    ck_assert(b->machine->state() == RunState::paused && !b->accel.running);
    b->must_have_told("STOP");
}
END_TEST

START_TEST(cont_during_a_dump_is_refused) {
    const auto b = bench();
    must(b->machine->pause());
    must_fail(b->machine->cont(), "There is a dump in process, please wait.");
    ck_assert(!b->accel.running);
    b->machine->resume();
    must(b->machine->cont());
}
END_TEST

START_TEST(vcpu_without_registers_fails_the_dump_and_the_guest_runs_on) {
    const auto b = running_bench();
    b->accel.no_registers = "the host took them";
    must_fail(b->machine->pause(), "the host took them");
    b->machine->resume();
    ck_assert(b->machine->running() && b->accel.running);
    b->must_have_told("STOP RESUME");
}
END_TEST

START_TEST(frozen_machine_is_dumped_but_not_run) {
    MachineBench b;
    MachineParts parts = b.parts(2);
    parts.accel = nullptr;
    parts.start_registers[1].rip = 0xffffffff81000000;
    parts.guest_note = guest::GuestNote(3);
    b.adopt(must(Machine::create(std::move(parts), b.post())));
    must_fail(b.machine->cont(), "can be dumped, but not run");
    must_fail(b.machine->request_reset(ShutdownCause::host_qmp_system_reset), "not run");
    must(b.machine->pause());
    ck_assert_uint_eq(rip_of(*b.machine, 1), 0xffffffff81000000);
    ck_assert_uint_eq(b.machine->guest_note()->size(), 3);
    ck_assert_int_eq(b.machine->cpu_thread_id(1), getpid());
    ck_assert_uint_eq(static_cast<uint8_t>(b.ram->host()[16]), 0);  // outside of all images
    b.machine->resume();
    ck_assert(b.machine->state() == RunState::paused && b.machine->accel_name().empty());
}
END_TEST

START_TEST(machine_without_vcpus_runs_and_has_nothing_to_dump) {
    const auto b = bench(0);
    must(b->machine->cont());
    must(b->machine->pause());
    ck_assert(b->machine->cpus().empty());
    must_fail(b->machine->arch_info(b->machine->blocks()),
              "dumping guest memory is not supported on this target");
    b->machine->resume();
    ck_assert(b->machine->running());
}
END_TEST

START_TEST(machine_is_not_made_where_its_accelerator_or_images_fail) {
    MachineBench b;
    b.accel.no_vcpus = "no vCPU today";
    must_fail(Machine::create(b.parts(1), b.post()), "no vCPU today");
    b.accel.no_vcpus.reset();
    MachineParts parts = b.parts(1);
    parts.images.push_back({Gpa{4095}, support::Bytes(2)});
    must_fail(Machine::create(std::move(parts), b.post()), "have no guest memory to go to");
}
END_TEST

}  // namespace

Suite* machine_suite() {
    return support::make_suite(
        "machine",
        {machine_begins_in_prelaunch_with_reset_vcpus_and_its_image, cont_runs_and_stop_pauses,
         cont_of_a_running_and_stop_of_a_stopped_machine_change_nothing,
         dump_holds_a_running_guest_in_save_vm_and_lets_it_run_on,
         dump_of_a_stopped_guest_leaves_it_stopped, stop_during_a_dump_lasts,
         cont_during_a_dump_is_refused, vcpu_without_registers_fails_the_dump_and_the_guest_runs_on,
         frozen_machine_is_dumped_but_not_run, machine_without_vcpus_runs_and_has_nothing_to_dump,
         machine_is_not_made_where_its_accelerator_or_images_fail});
}

}  // namespace guestdump::vm
