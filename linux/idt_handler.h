// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "guest/guest.h"
#include "linux/vmcoreinfo.h"

namespace guestdump::linux_guest {

/// The handler of the first exception, by a vCPU's IDT. It lies in the image of the kernel that
/// runs, whatever else the vCPU was doing; so it tells where that is, and whose it is.
struct IdtHandler {
    guest::Gva virt;
    guest::Gpa phys;  ///< by the vCPU's page tables
};

/// Those of @cpus whose IDT and page tables can be read.
std::vector<IdtHandler> idt_handlers(std::span<const guest::Cpu> cpus,
                                     const guest::PageSource& memory);

/// False where @handler lies outside of where Linux has its own: another system runs.
bool may_be_linux(const IdtHandler& handler, const guest::ArchDumpInfo& arch);

/// True where @handler lies in the image of the kernel that @vmcoreinfo tells of, and is mapped to
/// where the image is by @arch's phys_base.
bool is_of_kernel(const IdtHandler& handler, const Vmcoreinfo& vmcoreinfo,
                  const guest::ArchDumpInfo& arch);

}  // namespace guestdump::linux_guest
