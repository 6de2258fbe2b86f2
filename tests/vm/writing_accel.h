// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "vm/accel.h"
#include "vm/memory/ram.h"
#include "vm/vcpu_thread.h"

namespace guestdump::vm {

/// An accelerator whose vCPUs write all of a Ram as fast as they can, as tests/guests/sweeper.S
/// does on KVM. vCPU C of N fills the pages C, C + N, ... with 64-bit words of the value
/// (page << 32) + G when it does so for the G-th time, from 1.
///
/// RBX is the number of pages that the vCPU has filled, and RCX the number of words of the next one
/// that it has not written yet.
class WritingAccel final : public Accel {
  public:
    /// What a test may change and see while the vCPUs run.
    struct Control {
        std::atomic<bool> idle{false};            ///< the vCPUs sleep most of the time
        std::atomic<uint64_t> pages{0};           ///< filled by all vCPUs
        std::atomic<uint64_t> longest_gap_us{0};  ///< between two steps of a vCPU
    };

    WritingAccel(std::shared_ptr<Ram> ram, std::shared_ptr<Control> control)
        : ram_(std::move(ram)), control_(std::move(control)) {}
    ~WritingAccel() override { halt(); }

    std::string_view name() const override { return "writing"; }
    Result<> create_vcpus(unsigned count, const AddressSpace& memory, OnFault on_fault) override;
    void run() override;
    void halt() override;
    Result<target_i386::Registers> registers(unsigned cpu) override;
    Result<> reset(unsigned, const target_i386::Registers&) override { return {}; }
    pid_t thread_id(unsigned cpu) const override { return threads_[cpu]->id(); }

  private:
    struct Vcpu {
        unsigned number = 0;
        uint64_t pages = 0;  ///< filled
        uint64_t words = 0;  ///< written of the next one
    };

    void execute(Vcpu& vcpu, VcpuThread& thread);
    void step(Vcpu& vcpu);

    std::shared_ptr<Ram> ram_;
    std::shared_ptr<Control> control_;
    std::vector<Vcpu> vcpus_;
    std::vector<std::unique_ptr<VcpuThread>> threads_;
};

/// The word that page @page of the Ram must have @at words from its start, by the registers of its
/// vCPU. @cpus: number of vCPUs; @pages: of the Ram.
uint64_t expected_word(uint64_t page, uint64_t at, uint64_t cpus, uint64_t pages, uint64_t rbx,
                       uint64_t rcx);

}  // namespace guestdump::vm
