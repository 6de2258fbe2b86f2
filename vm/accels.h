// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "vm/accel.h"

namespace guestdump::vm {

/// KVM: guest code on the host's processors, on a PC whose bus is empty.
///
/// Takes SIGRTMIN for itself, process-wide, to stop vCPUs with. Guest memory is mapped page by
/// page: what shares its page with a hole or another piece of memory is in dumps, but vCPUs do not
/// see it.
/// Errors: /dev/kvm is not there, may not be used, or is older than Linux 4.12's.
Result<std::unique_ptr<Accel>> make_kvm_accel();

/// No guest code and no /dev/kvm: each vCPU is a host thread that behaves as one of the guest that
/// counts (vm/counting_guest.h), whatever was loaded. Its first run after a reset writes that
/// guest's page tables and puts the vCPU into its loop; from there it steps through the loop's
/// instructions, and may be halted between any two.
///
/// Guest memory that the counting guest needs and the machine does not have is left out.
std::unique_ptr<Accel> make_synthetic_accel();

/// No guest code at all: the machine is there to be asked about. [qemu -accel qtest]
std::unique_ptr<Accel> make_qtest_accel();

}  // namespace guestdump::vm
