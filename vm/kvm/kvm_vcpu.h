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

/// One KVM vCPU. Apart from the ports given to create(), the bus is empty: no other port and no
/// address outside guest memory answers. No interrupt ever arrives, so a vCPU that executes HLT
/// stays halted until it is reset.
///
/// All functions: main loop, and not while run() is under way, unless their comment allows more.
class KvmVcpu {
  public:
    /// @kvm is /dev/kvm, @vm is KVM's descriptor of the machine. @ports may be nullptr. Errors: the
    /// host refuses.
    static Result<std::unique_ptr<KvmVcpu>> create(int kvm, int vm, unsigned index,
                                                   const KvmCpuid& cpuid, PortDevice* ports);
    ~KvmVcpu();
    KvmVcpu(const KvmVcpu&) = delete;
    KvmVcpu& operator=(const KvmVcpu&) = delete;

    /// Undoes kick(). Called before run().
    void unkick();

    /// Makes the current or the next run() check @thread's stop_requested() soon. Any thread.
    /// @thread must not block signal().
    void kick(pthread_t thread);

    /// Runs guest code until @thread is asked to stop. Returns a fault if the guest cannot go on
    /// until then. Runs on @thread itself.
    ///
    /// When it returns, no instruction is half done: KVM completes port and memory accesses only at
    /// the next entry, and this function always enters once more.
    std::optional<VcpuFault> run(VcpuThread& thread);

    Result<target_i386::Registers> registers() const;

    /// See Accel. Valid after the first reset(). Any thread.
    const void* live_registers() const;
    Result<> reset(const target_i386::Registers& registers);

    /// The signal that kick() sends. The process must have a handler for it.
    static int signal();

  private:
    /// The state with which KVM made the vCPU, as far as Registers does not hold it.
    struct Made;

    KvmVcpu(util::UniqueFd fd, kvm_run* shared, size_t shared_size, unsigned index,
            PortDevice* ports);
    Result<> remember_made();
    void keep_registers_live(int kvm);
    std::optional<VcpuFault> handle_exit();
    void access_port();
    VcpuFault internal_error(std::string why) const;

    util::UniqueFd fd_;
    kvm_run* shared_;  ///< shared with the kernel
    size_t shared_size_;
    unsigned index_;
    PortDevice* ports_;
    bool halted_ = false;  ///< it has executed HLT
    std::unique_ptr<Made> made_;
};

}  // namespace guestdump::vm
