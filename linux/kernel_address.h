// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "guest/guest.h"

namespace guestdump::linux_guest {

/// Where Linux maps its own image on x86-64: this address is mapped to physical address phys_base.
/// [linux Documentation/arch/x86/x86_64/mm.rst]
inline constexpr uint64_t kKernelMap64 = 0xffffffff80000000;
/// The largest image that Linux maps there, bytes; its modules begin after it. [linux
/// arch/x86/include/asm/page_64_types.h]
inline constexpr uint64_t kKernelMapSize64 = uint64_t{1} << 30;

/// The physical address of a variable or function of the guest's Linux kernel, from its virtual
/// address @address and @arch.phys_base. Empty if Linux has no variables or functions at such an
/// address. Any thread.
std::optional<guest::Gpa> kernel_physical(guest::Gva address, const guest::ArchDumpInfo& arch);

}  // namespace guestdump::linux_guest
