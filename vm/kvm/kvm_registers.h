// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "target-i386/registers.h"

struct kvm_regs;
struct kvm_sregs;

/// Between KVM's registers and ours. KVM keeps a segment's attributes one by one, QEMU's notes as
/// the high word of its descriptor; limits are in bytes on both sides.

namespace guestdump::vm {

/// All but kernel_gs_base, which is an MSR to KVM. A segment that cannot be used is not present.
target_i386::Registers from_kvm(const kvm_regs& general, const kvm_sregs& special);

/// The general registers, RIP and RFLAGS.
void to_kvm(const target_i386::Registers& registers, kvm_regs& general);

/// Segments, tables, control registers and EFER; the rest of @special (the APIC's) stays.
void to_kvm(const target_i386::Registers& registers, kvm_sregs& special);

}  // namespace guestdump::vm
