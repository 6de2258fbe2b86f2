// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/machine.h"

#include <unistd.h>

#include <utility>

namespace guestdump::vm {

namespace {

RunState state_after(VcpuFault::Kind fault) {
    return fault == VcpuFault::Kind::triple_fault ? RunState::shutdown : RunState::internal_error;
}

bool needs_reset(RunState state) {
    return state == RunState::shutdown || state == RunState::internal_error;
}

Error frozen_error() {
    return Error::make("the machine was restored from a vmcore: it can be dumped, but not run");
}

}  // namespace

std::string_view to_string(MachineType type) {
    switch (type) {
        case MachineType::none:
            return "none";
        case MachineType::pc:
            return "pc";
        case MachineType::q35:
            return "q35";
    }
    return "";
}

Machine::Machine(MachineParts parts, Post post)
    : parts_(std::move(parts)), post_(std::move(post)), weak_this_(this) {}

Machine::~Machine() {
    // Ends the vCPUs' threads first, because they still report faults and notes to the machine.
    parts_.accel.reset();
}

Result<std::unique_ptr<Machine>> Machine::create(MachineParts parts, Post post) {
    std::unique_ptr<Machine> machine(new Machine(std::move(parts), std::move(post)));
    if (machine->frozen()) {
        machine->state_ = RunState::paused;
    } else {
        TRY(machine->create_vcpus());
        TRY(machine->reset_contents());
    }
    TRY(machine->create_post_mortem());
    return machine;
}

Result<> Machine::create_post_mortem() {
    std::vector<const void*> live;
    for (unsigned cpu = 0; cpu < cpu_count(); ++cpu)
        live.push_back(frozen() ? nullptr : parts_.accel->live_registers(cpu));
    post_mortem_ = TRY(PostMortem::create(parts_.memory, live));
    record_registers();
    return {};
}

Result<> Machine::create_vcpus() {
    if (parts_.vmcoreinfo_device) {
        fw_cfg_ = std::make_unique<FwCfg>(parts_.memory, [this] { note_changed(); });
        parts_.accel->attach(*fw_cfg_);
    }
    // Runs on the vCPU's thread, which may read the machine's fields because halt() has not
    // returned yet.
    return parts_.accel->create_vcpus(cpu_count(), parts_.memory, [this](const VcpuFault& fault) {
        post_to_self([fault, resets = resets_](Machine& self) {
            if (resets == self.resets_) self.died(fault);
        });
    });
}

void Machine::note_changed() {
    // At most one is posted at a time: a guest can write its note faster than it can be copied.
    if (note_posted_.exchange(true)) return;
    post_to_self([](Machine& self) {
        self.note_posted_ = false;
        self.post_mortem_->set_note(self.guest_note());
    });
}

Result<> Machine::reset_contents() {
    const auto hurried = hurry();
    if (fw_cfg_) fw_cfg_->reset();
    for (const LoadedImage& image : parts_.images)
        TRY(parts_.memory.load(image.start, image.bytes));
    for (unsigned cpu = 0; cpu < cpu_count(); ++cpu) {
        TRY(parts_.accel->reset(cpu, parts_.start_registers[cpu]));
    }
    return {};
}

void Machine::post_to_self(std::function<void(Machine&)> function) {
    post_(weak_this_.guard(std::move(function)));
}

std::string_view Machine::accel_name() const {
    return frozen() ? std::string_view() : parts_.accel->name();
}

pid_t Machine::cpu_thread_id(unsigned cpu) const {
    return frozen() ? getpid() : parts_.accel->thread_id(cpu);
}

void Machine::emit(MachineEvent::Kind kind, std::optional<ShutdownCause> cause) {
    if (on_event_) on_event_({.kind = kind, .cause = cause});
}

void Machine::run() {
    state_ = RunState::running;
    emit(MachineEvent::Kind::resume);
    run_vcpus();
}

void Machine::run_vcpus() {
    const auto hurried = hurry();
    post_mortem_->set_running(true);
    parts_.accel->run();
}

/// The record has the registers before an event reports that the vCPUs have stopped.
void Machine::halt_vcpus() {
    const auto hurried = hurry();
    parts_.accel->halt();
    record_registers();
}

void Machine::halt_into(RunState state) {
    halt_vcpus();
    state_ = state;
    emit(MachineEvent::Kind::stop);
}

void Machine::stop() {
    if (state_ == RunState::running) halt_into(RunState::paused);
    if (state_ == RunState::save_vm) state_ = RunState::paused;
}

Result<> Machine::cont() {
    if (state_ == RunState::running) return {};
    if (held_) return Error::make("There is a dump in process, please wait.");
    if (needs_reset(state_)) return Error::make("Resetting the Virtual Machine is required");
    if (frozen()) return frozen_error();
    run();
    return {};
}

Result<> Machine::request_reset(ShutdownCause cause) {
    if (frozen()) return frozen_error();
    if (held_) {
        reset_after_hold_ = cause;
    } else {
        reset(cause);
    }
    return {};
}

void Machine::request_shutdown(ShutdownCause cause) {
    emit(MachineEvent::Kind::shutdown, cause);
}

void Machine::reset(ShutdownCause cause) {
    const bool ran = state_ == RunState::running;
    if (ran) halt_vcpus();
    ++resets_;
    const Result<> done = reset_contents();
    record_registers();
    emit(MachineEvent::Kind::reset, cause);
    if (!done) {
        died({.why = done.error().message()});
    } else if (ran) {
        run_vcpus();
    } else {
        state_ = RunState::prelaunch;
    }
}

void Machine::died(const VcpuFault& fault) {
    // Only the first fault is reported; it often makes other vCPUs fail too.
    if (needs_reset(state_)) return;
    const bool ran = state_ == RunState::running;
    if (fault.kind == VcpuFault::Kind::triple_fault) {
        emit(MachineEvent::Kind::shutdown, ShutdownCause::guest_reset);
    }
    if (ran) {
        halt_into(state_after(fault.kind));
    } else {
        state_ = state_after(fault.kind);
    }
}

Result<> Machine::pause() {
    const auto hurried = hurry();
    held_ = true;
    const bool ran = state_ == RunState::running;
    if (ran) parts_.accel->halt();
    Result<> done = synchronize();
    if (ran) {
        state_ = RunState::save_vm;
        emit(MachineEvent::Kind::stop);
    }
    return done;
}

void Machine::resume() {
    held_ = false;
    const bool run_on = state_ == RunState::save_vm;
    if (reset_after_hold_) reset(*std::exchange(reset_after_hold_, {}));
    if (run_on && !needs_reset(state_)) run();
}

}  // namespace guestdump::vm
