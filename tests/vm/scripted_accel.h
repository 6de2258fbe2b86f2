// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vm/accel.h"

namespace guestdump::vm {

/// Calls that a scripted accelerator has received, and the behaviour that the test wants. Outlives
/// it.
struct AccelScript {
    bool running = false;
    int runs = 0, halts = 0;
    std::vector<target_i386::Registers> registers;  ///< of each vCPU, as last set or reset
    Accel::OnFault on_fault;                        ///< tests call it as a vCPU's thread would
    PortDevice* device = nullptr;                   ///< answers at ports; tests call it too
    std::optional<std::string> no_vcpus, no_registers, no_reset;  ///< their errors
    std::function<void()> at_end;  ///< called when the accelerator is destroyed
};

/// An accelerator that runs nothing and follows its script, to test a machine's use of it.
class ScriptedAccel final : public Accel {
  public:
    explicit ScriptedAccel(AccelScript& script) : script_(script) {}

    ~ScriptedAccel() override {
        if (script_.at_end) script_.at_end();
    }

    std::string_view name() const override { return "scripted"; }

    Result<> create_vcpus(unsigned count, const AddressSpace&, OnFault on_fault) override {
        if (script_.no_vcpus) return Error::make("%s", script_.no_vcpus->c_str());
        script_.registers.resize(count);
        script_.on_fault = std::move(on_fault);
        return {};
    }

    void attach(PortDevice& device) override { script_.device = &device; }

    void run() override {
        script_.running = true;
        ++script_.runs;
    }

    void halt() override {
        script_.running = false;
        ++script_.halts;
    }

    Result<target_i386::Registers> registers(unsigned cpu) override {
        if (script_.no_registers) return Error::make("%s", script_.no_registers->c_str());
        return script_.registers.at(cpu);
    }

    Result<> reset(unsigned cpu, const target_i386::Registers& registers) override {
        if (script_.no_reset) return Error::make("%s", script_.no_reset->c_str());
        script_.registers.at(cpu) = registers;
        return {};
    }

    pid_t thread_id(unsigned cpu) const override { return 100 + static_cast<pid_t>(cpu); }

  private:
    AccelScript& script_;
};

}  // namespace guestdump::vm
