// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/machine.h"

#include <unistd.h>

#include "target-i386/cpu.h"
#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vm/scripted_accel.h"
#include "vm/ram.h"
#include "vmcore/post_mortem_record.h"

namespace vm {

Suite* machine_suite();

namespace {

using support::must;
using support::must_fail;

const VcpuFault kTripleFault{.kind = VcpuFault::Kind::triple_fault, .cpu = 1, .why = {}};
const VcpuFault kInternalError{.kind = VcpuFault::Kind::internal_error, .cpu = 0, .why = {}};

std::shared_ptr<Ram> small_ram() {
    RamSpec spec;
    spec.id = "ram";
    spec.size = 4096;
    return must(Ram::create(spec));
}

/// A machine with 4 KiB of RAM, an image in it, and a script for what runs it. Events are told as
/// words, one behind the other.
struct Bench {
    AccelScript accel;
    std::vector<std::function<void()>> posted;  ///< what waits for the main loop
    std::string events;
    std::shared_ptr<Ram> ram = small_ram();
    std::unique_ptr<Machine> machine;

    MachineParts parts(unsigned cpus) {
        MachineParts parts;
        parts.ram_bytes = 4096;
        must(parts.memory.add({.range = {Gpa{0}, 4096}, .region = ram, .host = ram->host()}));
        parts.images.push_back({Gpa{16}, support::Bytes(2, std::byte{0x90})});
        parts.start_registers.assign(cpus, target_i386::reset_registers());
        parts.accel = std::make_unique<ScriptedAccel>(accel);
        return parts;
    }

    Machine::Post post() {
        return [this](std::function<void()> function) { posted.push_back(std::move(function)); };
    }

    void adopt(std::unique_ptr<Machine> made) {
        machine = std::move(made);
        machine->set_on_event([this](const MachineEvent& event) { tell(event); });
    }

    void tell(const MachineEvent& event) {
        static constexpr const char* kWords[] = {"STOP", "RESUME", "RESET", "SHUTDOWN"};
        if (!events.empty()) events += " ";
        events += kWords[static_cast<int>(event.kind)];
        if (event.cause) events += ":" + std::string(qapi::to_string(*event.cause));
    }

    /// What the main loop would do next.
    void spin() {
        for (const auto& function : std::exchange(posted, {})) function();
    }

    /// Fails the test unless the events since the last call are @expected.
    void must_have_told(std::string_view expected, const char* file = __builtin_FILE(),
                        int line = __builtin_LINE()) {
        const std::string told = std::exchange(events, {});
        if (told != expected) {
            _ck_assert_failed(file, line, "wrong events", "'%s'", told.c_str());
        }
    }
};

std::unique_ptr<Bench> bench(unsigned cpus = 2) {
    auto made = std::make_unique<Bench>();
    made->adopt(must(Machine::create(made->parts(cpus), made->post())));
    return made;
}

std::unique_ptr<Bench> running_bench() {
    auto made = bench();
    must(made->machine->cont());
    made->must_have_told("RESUME");
    return made;
}

uint64_t rip_of(const Machine& machine, size_t cpu) {
    return static_cast<const target_i386::Cpu*>(machine.cpus()[cpu])->registers().rip;
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

START_TEST(triple_fault_leaves_a_dead_machine_that_can_be_dumped) {
    const auto b = running_bench();
    b->accel.on_fault(kTripleFault);
    ck_assert(b->machine->running());  // nobody knows yet: the main loop is to hear of it
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

START_TEST(frozen_machine_is_dumped_but_not_run) {
    Bench b;
    MachineParts parts = b.parts(2);
    parts.accel = nullptr;
    parts.start_registers[1].rip = 0xffffffff81000000;
    parts.guest_note = dump::GuestNote(3);
    b.adopt(must(Machine::create(std::move(parts), b.post())));
    must_fail(b.machine->cont(), "can be dumped, but not run");
    must_fail(b.machine->request_reset(ShutdownCause::host_qmp_system_reset), "not run");
    must(b.machine->pause());
    ck_assert_uint_eq(rip_of(*b.machine, 1), 0xffffffff81000000);
    ck_assert_uint_eq(b.machine->guest_note()->size(), 3);
    ck_assert_int_eq(b.machine->cpu_thread_id(1), getpid());
    ck_assert_uint_eq(static_cast<uint8_t>(b.ram->host()[16]), 0);  // no image overwrites what was
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
    Bench b;
    b.accel.no_vcpus = "no vCPU today";
    must_fail(Machine::create(b.parts(1), b.post()), "no vCPU today");
    b.accel.no_vcpus.reset();
    MachineParts parts = b.parts(1);
    parts.images.push_back({Gpa{4095}, support::Bytes(2)});
    must_fail(Machine::create(std::move(parts), b.post()), "have no guest memory to go to");
}
END_TEST

vmcore::PostMortemRecord record_of(const Machine& machine) {
    const auto bytes = machine.post_mortem().bytes();
    return must(vmcore::parse_record(bytes, reinterpret_cast<uint64_t>(bytes.data())));
}

START_TEST(the_post_mortem_record_follows_the_machine) {
    const auto b = bench();
    ck_assert_uint_eq(record_of(*b->machine).cpus.size(), 2);
    ck_assert_uint_eq(record_of(*b->machine).cpus[1].registers.rip, 0xfff0);
    ck_assert(!record_of(*b->machine).running);

    must(b->machine->cont());
    b->accel.registers[1].rip = 0x1111;
    ck_assert(record_of(*b->machine).running);
    ck_assert_uint_eq(record_of(*b->machine).cpus[1].registers.rip, 0xfff0);

    must(b->machine->pause());  // a dump
    ck_assert_uint_eq(record_of(*b->machine).cpus[1].registers.rip, 0x1111);
    ck_assert(!record_of(*b->machine).running);
    b->machine->resume();
    ck_assert(record_of(*b->machine).running);

    b->accel.registers[1].rip = 0x2222;
    b->machine->stop();
    ck_assert_uint_eq(record_of(*b->machine).cpus[1].registers.rip, 0x2222);
    ck_assert(!record_of(*b->machine).running);

    must(b->machine->request_reset(ShutdownCause::host_qmp_system_reset));
    ck_assert_uint_eq(record_of(*b->machine).cpus[1].registers.rip, 0xfff0);
}
END_TEST

START_TEST(registers_that_cannot_be_read_leave_the_record_as_it_was) {
    const auto b = bench(1);
    must(b->machine->cont());
    b->accel.no_registers = "gone";
    b->machine->stop();
    ck_assert_uint_eq(record_of(*b->machine).cpus[0].registers.rip, 0xfff0);
    ck_assert(record_of(*b->machine).running);
}
END_TEST

START_TEST(the_record_has_the_registers_when_the_stop_is_told) {
    const auto b = running_bench();
    b->accel.registers[0].rip = 0x3333;
    int told = 0;
    b->machine->set_on_event([&](const MachineEvent&) {
        ++told;
        ck_assert_uint_eq(record_of(*b->machine).cpus[0].registers.rip, 0x3333);
        ck_assert(!record_of(*b->machine).running);
    });
    b->machine->stop();
    b->machine->set_on_event({});
    must(b->machine->cont());
    b->accel.registers[0].rip = 0x3333;
    b->machine->set_on_event([&](const MachineEvent&) {
        ++told;
        ck_assert(!record_of(*b->machine).running);
    });
    must(b->machine->pause());
    ck_assert_int_eq(told, 2);
}
END_TEST

START_TEST(registers_that_are_asked_for_do_not_end_the_run) {
    const auto b = running_bench();
    must(b->machine->refresh_cpus());
    ck_assert(b->accel.running);
    ck_assert(record_of(*b->machine).running);
}
END_TEST

/// What a guest does to hand over its note, by DMA: [docs/specs/fw_cfg.rst]
void hand_over_note(Bench& bench, uint32_t size, uint64_t gpa) {
    support::Bytes request(16), file(16), high(4), low(4);
    const std::byte control[] = {std::byte{0}, std::byte{0x20}, std::byte{0}, std::byte{8 | 16}};
    std::copy_n(control, 4, request.begin());
    request[7] = std::byte{16};    // bytes
    request[14] = std::byte{0x8};  // at 0x800
    support::put_le16(file, 2, 1);
    support::put_le32(file, 4, size);
    support::put_le64(file, 8, gpa);
    std::copy(request.begin(), request.end(), bench.ram->host() + 0x400);
    std::copy(file.begin(), file.end(), bench.ram->host() + 0x800);
    low[2] = std::byte{0x4};
    ck_assert(bench.accel.device->write_port(0x514, high));
    ck_assert(bench.accel.device->write_port(0x518, low));
}

START_TEST(a_guest_that_writes_its_note_without_end_has_one_message_waiting) {
    const auto b = std::make_unique<Bench>();
    MachineParts parts = b->parts(1);
    parts.vmcoreinfo_device = true;
    b->adopt(must(Machine::create(std::move(parts), b->post())));
    for (uint32_t size = 1; size <= 100; ++size) hand_over_note(*b, size, 0);
    ck_assert_uint_eq(b->posted.size(), 1);
    b->spin();
    ck_assert_uint_eq(record_of(*b->machine).note->size(), 100);
    // The next one is told again.
    hand_over_note(*b, 7, 0);
    ck_assert_uint_eq(b->posted.size(), 1);
    b->spin();
    ck_assert_uint_eq(record_of(*b->machine).note->size(), 7);
}
END_TEST

}  // namespace

Suite* machine_suite() {
    return support::make_suite("machine",
                               {machine_begins_in_prelaunch_with_reset_vcpus_and_its_image,
                                cont_runs_and_stop_pauses,
                                cont_of_a_running_and_stop_of_a_stopped_machine_change_nothing,
                                dump_holds_a_running_guest_in_save_vm_and_lets_it_run_on,
                                dump_of_a_stopped_guest_leaves_it_stopped,
                                stop_during_a_dump_lasts,
                                the_post_mortem_record_follows_the_machine,
                                registers_that_cannot_be_read_leave_the_record_as_it_was,
                                the_record_has_the_registers_when_the_stop_is_told,
                                registers_that_are_asked_for_do_not_end_the_run,
                                a_guest_that_writes_its_note_without_end_has_one_message_waiting,
                                cont_during_a_dump_is_refused,
                                vcpu_without_registers_fails_the_dump_and_the_guest_runs_on,
                                triple_fault_leaves_a_dead_machine_that_can_be_dumped,
                                internal_error_stops_without_a_shutdown,
                                guest_dies_only_once_however_many_vcpus_fault,
                                guest_that_dies_as_a_dump_begins_does_not_run_on_after_it,
                                fault_from_before_a_reset_does_not_kill_the_machine_after_it,
                                reset_loads_images_again_and_keeps_other_ram,
                                reset_raises_the_dead,
                                reset_during_a_dump_waits_for_its_end,
                                reset_that_fails_is_an_internal_error,
                                reset_that_fails_after_a_dump_leaves_the_guest_stopped,
                                shutdown_is_told_before_who_asked_gets_an_answer,
                                what_was_posted_for_a_machine_that_is_gone_does_nothing,
                                frozen_machine_is_dumped_but_not_run,
                                machine_without_vcpus_runs_and_has_nothing_to_dump,
                                machine_is_not_made_where_its_accelerator_or_images_fail});
}

}  // namespace vm
