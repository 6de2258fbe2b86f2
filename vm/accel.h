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

/// Why a vCPU stopped without being asked.
struct VcpuFault {
    enum class Kind : uint8_t {
        triple_fault,    ///< the guest is dead
        internal_error,  ///< the accelerator failed
    };
    Kind kind = Kind::internal_error;
    unsigned cpu = 0;
    std::string why;  ///< for the log
};

/// Runs the vCPUs of a guest, each on a host thread.
///
/// The vCPUs are stopped at first. All functions: main loop. Registers are valid only while the
/// vCPUs are halted.
class Accel {
  public:
    /// Called on the vCPU's thread, once for each fault. The vCPU then does nothing until run().
    using OnFault = std::function<void(const VcpuFault&)>;

    /// Ends every vCPU's thread.
    virtual ~Accel() = default;

    /// The name for -accel.
    virtual std::string_view name() const = 0;

    /// Lets @device answer at its ports while there are vCPUs; nothing answers at other ports. An
    /// accelerator that runs no guest code ignores it. Called at most once, before create_vcpus().
    virtual void attach(PortDevice& device) { (void)device; }

    /// Makes @count vCPUs that see @memory. Called once.
    ///
    /// Errors: more vCPUs than the accelerator supports; memory that it cannot map; the host
    /// refuses.
    virtual Result<> create_vcpus(unsigned count, const AddressSpace& memory, OnFault on_fault) = 0;

    /// Lets every vCPU run.
    virtual void run() = 0;

    /// Stops every vCPU. On return none of them changes registers or memory any more.
    virtual void halt() = 0;

    virtual Result<target_i386::Registers> registers(unsigned cpu) = 0;

    /// Address of the vCPU's registers in this process, as format::LiveRegisters. They are current
    /// whenever the vCPU is outside the guest, and anything that stops the process takes it out
    /// first. nullptr if there are none. Valid as long as the accelerator exists.
    virtual const void* live_registers(unsigned) const { return nullptr; }

    /// The details of page tables on its vCPUs.
    virtual target_i386::PagingTraits paging_traits() const { return {}; }

    /// Resets a vCPU as hardware does, then sets @registers.
    virtual Result<> reset(unsigned cpu, const target_i386::Registers& registers) = 0;

    /// Host thread ID (TID) of the vCPU's thread.
    virtual pid_t thread_id(unsigned cpu) const = 0;
};

}  // namespace guestdump::vm
