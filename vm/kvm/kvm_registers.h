// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "target-i386/registers.h"

struct kvm_regs;
struct kvm_sregs;

/// Conversion between KVM's registers and ours. KVM has a member for each attribute of a segment,
/// QEMU's notes have the high word of its descriptor. Limits are in bytes in both.

namespace guestdump::vm {

/// Sets everything but kernel_gs_base, which is an MSR in KVM. A segment that is not usable becomes
/// not present.
target_i386::Registers from_kvm(const kvm_regs& general, const kvm_sregs& special);

/// The general registers, RIP and RFLAGS.
void to_kvm(const target_i386::Registers& registers, kvm_regs& general);

/// Segments, tables, control registers and EFER. The rest of @special (the APIC's state) is left
/// alone.
void to_kvm(const target_i386::Registers& registers, kvm_sregs& special);

}  // namespace guestdump::vm
