// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <optional>

#include "target-i386/registers.h"
#include "util/result.h"
#include "util/unique_fd.h"
#include "vm/accel.h"
#include "vm/kvm/kvm_cpuid.h"
#include "vm/vcpu_thread.h"

struct kvm_run;

namespace guestdump::vm {

/// One vCPU of KVM, on a PC whose bus is empty but for what is given to create(): no other port and
/// no address outside of guest memory answers. It never takes an interrupt, so one that executes
/// HLT stands until it is reset.
///
/// All functions: main loop, and not while run() is under way, except where told otherwise.
class KvmVcpu {
  public:
    /// @vm and @kvm are KVM's descriptors of the machine and of itself; @ports may be nullptr.
    /// Errors: the host refuses.
    static Result<std::unique_ptr<KvmVcpu>> create(int kvm, int vm, unsigned index,
                                                   const KvmCpuid& cpuid, PortDevice* ports);
    ~KvmVcpu();
    KvmVcpu(const KvmVcpu&) = delete;
    KvmVcpu& operator=(const KvmVcpu&) = delete;

    /// Undoes kick(), before a run().
    void unkick();

    /// Makes a run() that is under way, or comes next, see @thread's stop_requested() soon. Any
    /// thread. @thread must not block signal().
    void kick(pthread_t thread);

    /// Runs guest code until @thread is to stop; returns what happened where the guest cannot go on
    /// before that. On @thread itself.
    ///
    /// Then no instruction is left half-done: KVM completes port and memory accesses at the next
    /// entry only, and there always is one.
    std::optional<VcpuFault> run(VcpuThread& thread);

    Result<target_i386::Registers> registers() const;

    /// See Accel. From the first reset() on. Any thread.
    const void* live_registers() const;
    Result<> reset(const target_i386::Registers& registers);

    /// The signal that kick() sends; whoever runs vCPUs must have a handler for it.
    static int signal();

  private:
    /// What KVM made the vCPU with, other than what Registers holds.
    struct Made;

    KvmVcpu(util::UniqueFd fd, kvm_run* shared, size_t shared_size, unsigned index,
            PortDevice* ports);
    Result<> remember_made();
    void keep_registers_live(int kvm);
    std::optional<VcpuFault> handle_exit();
    void access_port();
    VcpuFault internal_error(std::string why) const;

    util::UniqueFd fd_;
    kvm_run* shared_;  ///< with the kernel
    size_t shared_size_;
    unsigned index_;
    PortDevice* ports_;
    bool halted_ = false;  ///< by HLT
    std::unique_ptr<Made> made_;
};

}  // namespace guestdump::vm
