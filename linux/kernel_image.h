// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <vector>

#include "guest/guest.h"
#include "linux/vmcoreinfo.h"

namespace guestdump::linux_guest {

/// The mapping of the x86-64 Linux kernel's own image, which readers need before they can read page
/// tables: the top one is a variable of the kernel. A kexec vmcore has a program header for it.
///
/// It begins with the large page that _stext lies in, where @arch.phys_base, which must be
/// VMCOREINFO's, puts it. VMCOREINFO does not tell its end; that is where the kernel's tables, read
/// as one of @cpus reads its own, cease to map it, or where none can, as far as Linux ever maps it.
///
/// Empty where VMCOREINFO does not tell enough, or leads outside of @memory. The guest wrote it:
/// the mapping may reach beyond memory, but does not wrap around. Main loop, while the guest is
/// paused.
std::optional<guest::MemoryMapping> kernel_image(const Vmcoreinfo& vmcoreinfo,
                                                 const guest::ArchDumpInfo& arch,
                                                 std::span<const guest::Cpu> cpus,
                                                 const guest::PageSource& memory);

}  // namespace guestdump::linux_guest
