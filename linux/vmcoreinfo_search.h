// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <vector>

#include "guest/guest.h"
#include "linux/vmcoreinfo.h"

namespace guestdump::linux_guest {

struct FoundVmcoreinfo {
    guest::Gpa address;  ///< of its first byte
    Vmcoreinfo vmcoreinfo;
};

/// Finds the VMCOREINFO of the Linux kernel that runs in a guest which has not handed it over.
///
/// Linux keeps the text at the start of a page, and once more as a note that begins a page. [linux
/// kernel/crash_core.c] Only the first bytes of each page are looked at, from low addresses up, and
/// no page that was never written. What begins like it is taken if all of this holds, since a guest
/// can write anything anywhere, and the pages of a kernel that ran before may still be there:
///
/// - it is lines of text, it names the release and pages of @arch's size;
/// - the kernel's init_uts_ns is where its symbol and phys_base lead, with the same release;
/// - the first interrupt handler of some vCPU, by IDT base, lies in the kernel's image, and the
///   vCPU's page tables, by CR3, map it where phys_base says. (Where no vCPU can tell, as in files
///   without control registers, this is left out.)
///
/// Where all handlers that are known lie outside of where Linux has its own, nothing is looked at:
/// it is another system. Nor where no vCPU has paging on: firmware runs, or nothing yet. Bounded:
/// 2^24 pages, which are 64 GiB, and 1024 pages that begin like it. Memory that cannot be read is
/// passed over. Any thread, @threads at once; what is found does not depend on their number.
std::optional<FoundVmcoreinfo> find_vmcoreinfo(const guest::GuestPhysBlockList& memory,
                                               const guest::ArchDumpInfo& arch,
                                               const std::vector<const guest::Cpu*>& cpus,
                                               unsigned threads);

}  // namespace guestdump::linux_guest
