// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "util/result.h"
#include "vm/memory/address_space.h"

namespace guestdump::vm {

/// Sets whether a core of this process contains guest memory, as -machine dump-guest-core= does.
///
/// If it does, /proc/self/coredump_filter is set to include all kinds of guest memory and the
/// memory that KVM shares with the process. Its default leaves out shared memory with a file, which
/// includes KVM's. [linux core(5)]
///
/// Errors: the host refuses; cores then contain what they contained before.
util::Result<> keep_in_core(const AddressSpace& memory, bool keep);

}  // namespace guestdump::vm
