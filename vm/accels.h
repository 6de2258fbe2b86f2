// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "vm/accel.h"

namespace vm {

/// No guest code and no /dev/kvm: each vCPU is a host thread that behaves as one of the guest that
/// counts (vm/counting_guest.h), whatever was loaded. Its first run after a reset writes that
/// guest's page tables and puts the vCPU into its loop; from there it steps through the loop's
/// instructions, and may be halted between any two.
///
/// Guest memory that the counting guest needs and the machine does not have is left out.
std::unique_ptr<Accel> make_synthetic_accel();

}  // namespace vm
