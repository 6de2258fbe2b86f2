// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "util/result.h"
#include "vm/memory/address_space.h"

namespace guestdump::vm {

/// Decides whether a core of this process holds guest memory, as -machine dump-guest-core=.
///
/// Where it does, /proc/self/coredump_filter is made to let through what guest memory and the
/// memory that KVM shares may be. Its default leaves out what is shared and has a file, KVM's among
/// it. [linux core(5)]
///
/// Errors: the host refuses; cores then hold what they held before.
util::Result<> keep_in_core(const AddressSpace& memory, bool keep);

}  // namespace guestdump::vm
