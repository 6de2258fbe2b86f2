// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "vm/accel.h"

namespace guestdump::vm {

/// The least that an accelerator can run: 4 MiB of RAM, the firmware, and a guest at 1 MiB that the
/// firmware starts. There is no monitor and no main loop.
class BareMachine {
  public:
    /// @guest is the name of an image that tests/guests built, or "" for no guest. Errors fail the
    /// test.
    BareMachine(std::unique_ptr<Accel> accel, unsigned cpus, const std::string& guest);

    Accel& accel() { return *accel_; }
    unsigned cpus() const { return cpus_; }

    /// Loads the guest's image again and resets every vCPU.
    void reset();

    /// Sets the registers of a vCPU.
    void reset(unsigned cpu, const target_i386::Registers& registers);

    /// The machine must be halted.
    target_i386::Registers registers(unsigned cpu);

    /// The current 64-bit word at guest-physical @gpa of RAM.
    uint64_t word(uint64_t gpa) const;

    const AddressSpace& memory() const { return memory_; }

    /// Runs vCPU 0 until it has executed HLT or a vCPU has died, and halts the machine. Returns the
    /// RIP of vCPU 0, which is after the HLT if it executed one.
    uint64_t run_until_hlt();

    /// Waits for the next fault.
    VcpuFault wait_fault();
    bool any_fault();

  private:
    unsigned cpus_;
    AddressSpace memory_;
    std::vector<std::byte> image_;
    std::byte* ram_ = nullptr;
    std::mutex mutex_;
    std::condition_variable faulted_;
    std::vector<VcpuFault> faults_;
    std::unique_ptr<Accel> accel_;
};

}  // namespace guestdump::vm
