// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/vm/scripted_accel.h"
#include "vm/machine.h"
#include "vm/memory/ram.h"

namespace guestdump::vm {

inline const VcpuFault kTripleFault{.kind = VcpuFault::Kind::triple_fault, .cpu = 1, .why = {}};
inline const VcpuFault kInternalError{.kind = VcpuFault::Kind::internal_error, .cpu = 0, .why = {}};

/// A machine with 4 KiB of RAM, an image in it, and a scripted accelerator. Its events are
/// collected as words, one after the other.
struct MachineBench {
    AccelScript accel;
    std::vector<std::function<void()>> posted;  ///< functions posted to the main loop
    std::string events;
    std::shared_ptr<Ram> ram;
    std::unique_ptr<Machine> machine;

    /// There is no machine yet.
    MachineBench();

    /// The parts for adopt().
    MachineParts parts(unsigned cpus);
    Machine::Post post();
    void adopt(std::unique_ptr<Machine> made);

    /// Runs the next function posted to the main loop.
    void spin();

    /// Fails the test unless the events since the last call are @expected.
    void must_have_told(std::string_view expected, const char* file = __builtin_FILE(),
                        int line = __builtin_LINE());

  private:
    void tell(const MachineEvent& event);
};

/// Makes a machine of @cpus vCPUs.
std::unique_ptr<MachineBench> bench(unsigned cpus = 2);

/// Makes a machine that runs, and removes its RESUME from the events.
std::unique_ptr<MachineBench> running_bench();

}  // namespace guestdump::vm
