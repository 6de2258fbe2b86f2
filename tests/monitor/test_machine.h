// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "dump/dump_state.h"
#include "dump/estimate/inspection_queue.h"
#include "monitor/monitor.h"
#include "tests/support/scripted_guest.h"
#include "vm/machine.h"
#include "vm/memory/ram_objects.h"

namespace guestdump::monitor {

/// A main loop that runs posted functions only when the test asks it to.
class HandLoop {
  public:
    /// Any thread.
    void post(std::function<void()> function);

    /// Runs posted functions until @done returns true. If there is none, waits for one.
    void run_until(const std::function<bool()>& done);

    /// Runs the functions that have been posted.
    void run_posted();

  private:
    std::function<void()> take(bool wait);

    std::mutex mutex_;
    std::condition_variable more_;
    std::deque<std::function<void()>> posted_;
};

/// A machine with everything that monitors need. Its vCPUs execute nothing.
class TestMachine {
  public:
    enum class Contents {
        usual,    ///< two vCPUs, 64 KiB of RAM and a guest note
        nothing,  ///< as -machine none: no vCPU, no RAM, no guest note
    };
    explicit TestMachine(Contents contents = Contents::usual);

    /// Sets the registers of vCPU @cpu. The next reset replaces them.
    void set_registers(unsigned cpu, const target_i386::Registers& registers);

    HandLoop loop;
    EventHub events;
    FdSets fd_sets;
    vm::RamObjects objects;
    std::vector<std::string> warnings;
    std::shared_ptr<support::ScriptedRam> ram;
    vm::Accel* accel = nullptr;  ///< owned by the machine
    std::unique_ptr<vm::Machine> machine;
    dump::DumpState dump;
    dump::InspectionQueue inspections;
    Services services;

  private:
    std::unique_ptr<vm::Machine> make(Contents contents);
};

}  // namespace guestdump::monitor
