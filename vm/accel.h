// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "target-i386/paging_mode.h"
#include "target-i386/registers.h"
#include "vm/memory/address_space.h"
#include "vm/port_device.h"

namespace guestdump::vm {

/// Why a vCPU stopped by itself.
struct VcpuFault {
    enum class Kind : uint8_t {
        triple_fault,    ///< the guest is dead
        internal_error,  ///< the accelerator could not go on
    };
    Kind kind = Kind::internal_error;
    unsigned cpu = 0;
    std::string why;  ///< for the log
};

/// What runs the guest's vCPUs: one host thread each.
///
/// Made stopped. All functions: main loop; what they return about registers holds while halted.
class Accel {
  public:
    /// Called on a vCPU's thread, once for each fault; that vCPU then does nothing until run().
    using OnFault = std::function<void(const VcpuFault&)>;

    /// Ends every vCPU's thread.
    virtual ~Accel() = default;

    /// As given to -accel.
    virtual std::string_view name() const = 0;

    /// @device answers at its ports, for as long as there are vCPUs; nobody answers at others. An
    /// accelerator that runs no guest code has no use for it. Before create_vcpus(), once only.
    virtual void attach(PortDevice& device) { (void)device; }

    /// Makes @count vCPUs that see @memory. Once only.
    ///
    /// Errors: more vCPUs than the accelerator can have, memory that it cannot map, the host
    /// refuses.
    virtual Result<> create_vcpus(unsigned count, const AddressSpace& memory, OnFault on_fault) = 0;

    /// Lets every vCPU run.
    virtual void run() = 0;

    /// Stops every vCPU; returns when none changes registers or memory any more.
    virtual void halt() = 0;

    virtual Result<target_i386::Registers> registers(unsigned cpu) = 0;

    /// Where this process's memory has the registers of a vCPU whenever that is not inside the
    /// guest, as format::LiveRegisters; what stops the process brings it out of the guest first.
    /// nullptr: nowhere. Stays valid as long as the accelerator.
    virtual const void* live_registers(unsigned) const { return nullptr; }

    /// How its vCPUs read page tables.
    virtual target_i386::PagingTraits paging_traits() const { return {}; }

    /// Puts a vCPU into the state of hardware after RESET, then sets @registers.
    virtual Result<> reset(unsigned cpu, const target_i386::Registers& registers) = 0;

    /// The host's id of a vCPU's thread.
    virtual pid_t thread_id(unsigned cpu) const = 0;
};

}  // namespace guestdump::vm
