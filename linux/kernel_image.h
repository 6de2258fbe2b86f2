// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <vector>

#include "guest/guest.h"
#include "guest/memory_mapping.h"
#include "linux/vmcoreinfo.h"

namespace guestdump::linux_guest {

/// The mapping of the Linux kernel's own image. Readers need it before they can read page
/// tables, because the top table is a variable of the kernel. A kexec vmcore has a program header
/// for it.
///
/// On x86-64 it begins with the large page that contains _stext, at the address given by
/// @arch.phys_base, which must come from VMCOREINFO. VMCOREINFO does not contain the image's end.
/// The mapping ends where the kernel's page tables, decoded in the mode of one of @cpus, stop
/// mapping the image. If they cannot be read in the mode of any vCPU, the mapping has the largest
/// size that Linux maps.
///
/// On i386 it is the direct map of memory, from the image on, as far as a vCPU confirms it.
///
/// Empty if VMCOREINFO is incomplete, or if its addresses lie outside @memory. Because the guest
/// wrote it, the mapping may end beyond memory, but it does not wrap around. Main loop, while the
/// guest is paused.
std::optional<guest::MemoryMapping> kernel_image(const Vmcoreinfo& vmcoreinfo,
                                                 const guest::ArchDumpInfo& arch,
                                                 std::span<const guest::Cpu> cpus,
                                                 const guest::PageSource& memory);

}  // namespace guestdump::linux_guest
