// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/monitor/test_machine.h"

#include <utility>

#include "monitor/commands/machine_events.h"
#include "tests/support/results.h"

namespace guestdump::monitor {
namespace {

/// An accelerator whose vCPUs do nothing.
class IdleAccel final : public vm::Accel {
  public:
    std::string_view name() const override { return "idle"; }
    util::Result<> create_vcpus(unsigned count, const vm::AddressSpace&, OnFault) override {
        registers_.resize(count);
        return {};
    }
    void run() override {}
    void halt() override {}
    util::Result<target_i386::Registers> registers(unsigned cpu) override {
        return registers_[cpu];
    }
    util::Result<> reset(unsigned cpu, const target_i386::Registers& registers) override {
        registers_[cpu] = registers;
        return {};
    }
    pid_t thread_id(unsigned cpu) const override { return static_cast<pid_t>(1000 + cpu); }

  private:
    std::vector<target_i386::Registers> registers_;
};

constexpr uint64_t kRamBytes = 64 << 10;

}  // namespace

void HandLoop::post(std::function<void()> function) {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(function));
    more_.notify_one();
}

std::function<void()> HandLoop::take(bool wait) {
    std::unique_lock lock(mutex_);
    if (wait) more_.wait(lock, [this] { return !posted_.empty(); });
    if (posted_.empty()) return {};
    std::function<void()> function = std::move(posted_.front());
    posted_.pop_front();
    return function;
}

void HandLoop::run_until(const std::function<bool()>& done) {
    while (!done()) take(true)();
}

void HandLoop::run_posted() {
    while (const auto function = take(false)) function();
}

TestMachine::TestMachine(Contents contents)
    : ram(std::make_shared<support::ScriptedRam>("pc.ram", support::Bytes(kRamBytes))),
      machine(make(contents)),
      dump(*machine, [this](auto function) { loop.post(std::move(function)); }),
      inspections([this](auto function) { loop.post(std::move(function)); }),
      services{.machine = *machine,
               .dump = dump,
               .inspections = inspections,
               .events = events,
               .fd_sets = fd_sets,
               .objects = objects,
               .chardevs = [] { return std::vector<qapi::ChardevInfo>(); },
               .start = [this] { return machine->cont(); },
               .warn = [this](const std::string& warning) { warnings.push_back(warning); }} {}

void TestMachine::set_registers(unsigned cpu, const target_i386::Registers& registers) {
    support::must(accel->reset(cpu, registers));
}

std::unique_ptr<vm::Machine> TestMachine::make(Contents contents) {
    vm::MachineParts parts;
    parts.name = "guest";
    parts.accel = std::make_unique<IdleAccel>();
    accel = parts.accel.get();
    if (contents == Contents::usual) {
        parts.ram_bytes = kRamBytes;
        parts.guest_note = support::vmcoreinfo_note("OSRELEASE=6.1.0\nPAGESIZE=4096\n");
        parts.start_registers.resize(2);
        const auto range = support::must(guest::GpaRange::make(guest::Gpa{0}, kRamBytes));
        support::must(
            parts.memory.add({.range = range, .region = ram, .host = ram->bytes().data()}));
    }
    auto made = support::must(vm::Machine::create(
        std::move(parts), [this](auto function) { loop.post(std::move(function)); }));
    made->set_on_event(
        [this](const vm::MachineEvent& event) { emit_machine_event(events, event); });
    return made;
}

}  // namespace guestdump::monitor
