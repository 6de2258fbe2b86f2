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

/// A machine with 4 KiB of RAM, an image in it, and a script for what runs it. Events are told as
/// words, one behind the other.
struct MachineBench {
    AccelScript accel;
    std::vector<std::function<void()>> posted;  ///< what waits for the main loop
    std::string events;
    std::shared_ptr<Ram> ram;
    std::unique_ptr<Machine> machine;

    /// Without a machine yet.
    MachineBench();

    /// What adopt() wants a machine of.
    MachineParts parts(unsigned cpus);
    Machine::Post post();
    void adopt(std::unique_ptr<Machine> made);

    /// What the main loop would do next.
    void spin();

    /// Fails the test unless the events since the last call are @expected.
    void must_have_told(std::string_view expected, const char* file = __builtin_FILE(),
                        int line = __builtin_LINE());

  private:
    void tell(const MachineEvent& event);
};

/// With a machine of @cpus vCPUs.
std::unique_ptr<MachineBench> bench(unsigned cpus = 2);

/// With a machine that runs, whose RESUME has been heard.
std::unique_ptr<MachineBench> running_bench();

}  // namespace guestdump::vm
