// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/kvm/kvm_cpuid.h"

#include <linux/kvm.h>

#include <utility>

#include "vm/kvm/kvm_ioctl.h"

namespace guestdump::vm {

namespace {

constexpr unsigned long kGetSupported = _IOWR(KVMIO, 0x05, KvmListHead);
constexpr unsigned long kSet = _IOW(KVMIO, 0x90, KvmListHead);

}  // namespace

/// struct kvm_cpuid2. KVM reports at most this many leaves.
struct KvmCpuid::Leaves : KvmList<kvm_cpuid_entry2, 256> {};

KvmCpuid::KvmCpuid(std::unique_ptr<Leaves> leaves) : leaves_(std::move(leaves)) {}
KvmCpuid::KvmCpuid(KvmCpuid&&) noexcept = default;
KvmCpuid::~KvmCpuid() = default;

Result<KvmCpuid> KvmCpuid::supported(int kvm) {
    auto leaves = std::make_unique<Leaves>();
    TRY(kvm_ioctl(kvm, kGetSupported, leaves.get(), "asking what CPUID may tell"));
    return KvmCpuid(std::move(leaves));
}

Result<> KvmCpuid::apply(int vcpu, unsigned index) const {
    Leaves own = *leaves_;
    for (uint32_t i = 0; i < own.count; ++i) {
        kvm_cpuid_entry2& leaf = own.entries[i];
        if (leaf.function == 1) leaf.ebx = (leaf.ebx & 0x00ffffff) | index << 24;
        if (leaf.function == 0xb || leaf.function == 0x1f) leaf.edx = index;
    }
    TRY(kvm_ioctl(vcpu, kSet, &own, "setting what CPUID tells"));
    return {};
}

target_i386::PagingTraits KvmCpuid::paging_traits() const {
    target_i386::PagingTraits traits{.gigabyte_pages = false};
    for (uint32_t i = 0; i < leaves_->count; ++i) {
        const kvm_cpuid_entry2& leaf = leaves_->entries[i];
        if (leaf.function == 0x80000001) traits.gigabyte_pages = leaf.edx >> 26 & 1;
        if (leaf.function == 0x80000008) traits.physical_bits = static_cast<uint8_t>(leaf.eax);
    }
    return traits;
}

}  // namespace guestdump::vm
