// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "vm/accel.h"

namespace guestdump::vm {

/// KVM: runs guest code on the host's processors. The bus of the PC is empty.
///
/// Uses SIGRTMIN in this process, to stop vCPUs. Guest memory is mapped page by page: memory that
/// shares a page with a hole or with another piece is in dumps, but vCPUs do not see it.
///
/// Errors: /dev/kvm does not exist, may not be used, or is older than that of Linux 4.12.
Result<std::unique_ptr<Accel>> make_kvm_accel();

/// Runs no guest code and needs no /dev/kvm: each vCPU is a host thread that behaves like a vCPU of
/// the counting guest (vm/counting_guest.h), whatever was loaded. Its first run after a reset
/// writes that guest's page tables and puts the vCPU into the loop; from there it steps through the
/// loop's instructions and can be halted between any two.
///
/// Guest memory that the counting guest uses and the machine does not have is left out.
std::unique_ptr<Accel> make_synthetic_accel();

/// Runs no guest code at all: the machine only answers its monitors. [qemu -accel qtest]
std::unique_ptr<Accel> make_qtest_accel();

}  // namespace guestdump::vm
