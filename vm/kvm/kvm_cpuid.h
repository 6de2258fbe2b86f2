// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "target-i386/paging_mode.h"
#include "util/result.h"

namespace guestdump::vm {

/// The CPUID of guests: everything that KVM supports on this host, with the vCPU's own APIC id.
class KvmCpuid {
  public:
    /// @kvm is /dev/kvm. Errors: the host refuses.
    static util::Result<KvmCpuid> supported(int kvm);
    KvmCpuid(KvmCpuid&&) noexcept;
    ~KvmCpuid();

    /// Sets the CPUID of the vCPU with descriptor @vcpu. Its APIC id is @index, 0 to 254. [SDM 2A
    /// CPUID]
    util::Result<> apply(int vcpu, unsigned index) const;

    /// The facts about page tables in it. [SDM 2A CPUID, leaves 80000001H and 80000008H]
    target_i386::PagingTraits paging_traits() const;

  private:
    struct Leaves;
    explicit KvmCpuid(std::unique_ptr<Leaves> leaves);

    std::unique_ptr<Leaves> leaves_;
};

}  // namespace guestdump::vm
