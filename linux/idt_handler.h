// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "guest/guest.h"
#include "linux/vmcoreinfo.h"

namespace guestdump::linux_guest {

/// The handler of the first exception, from a vCPU's IDT. It lies in the image of the running
/// kernel, whatever the vCPU was doing, so it shows which kernel runs and where.
struct IdtHandler {
    guest::Gva virt;
    guest::Gpa phys;  ///< address that the vCPU's page tables map it to
};

/// The handlers of those @cpus whose IDT and page tables can be read.
std::vector<IdtHandler> idt_handlers(std::span<const guest::Cpu> cpus,
                                     const guest::PageSource& memory);

/// False if @handler lies outside the address range of Linux's handlers, so that another system
/// runs.
bool may_be_linux(const IdtHandler& handler, const guest::ArchDumpInfo& arch);

/// Returns the phys_base of the kernel that @vmcoreinfo describes: its NUMBER(phys_base) or, since
/// kernels before 4.10 do not have that, the one by which the first of @handlers in the kernel's
/// image is mapped. Empty if neither is known, or for i386, which has none.
std::optional<guest::Gpa> phys_base_of(const Vmcoreinfo& vmcoreinfo,
                                       std::span<const IdtHandler> handlers,
                                       const guest::ArchDumpInfo& arch);

/// True if @handler lies in the image of the kernel that @vmcoreinfo describes, and is mapped to
/// the physical address that follows from @arch.phys_base.
bool is_of_kernel(const IdtHandler& handler, const Vmcoreinfo& vmcoreinfo,
                  const guest::ArchDumpInfo& arch);

}  // namespace guestdump::linux_guest
