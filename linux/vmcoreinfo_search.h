// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <vector>

#include "guest/guest.h"
#include "linux/vmcoreinfo.h"
#include "util/cancellation.h"

namespace guestdump::linux_guest {

struct FoundVmcoreinfo {
    guest::Gpa address;  ///< of its first byte
    Vmcoreinfo vmcoreinfo;
};

/// What a search is told. Everything must outlive it.
struct SearchScope {
    const guest::PageSource& memory;
    const guest::ArchDumpInfo& arch;
    std::span<const guest::Cpu> cpus;
    unsigned threads = 1;
    const util::Cancellation& cancellation;  ///< a cancelled search finds nothing
};

/// Finds the VMCOREINFO of the Linux kernel that runs in a guest which has not handed it over.
///
/// Linux keeps the text at the start of a page, and once more as a note that begins a page. [linux
/// kernel/crash_core.c] Only the first bytes of each page are looked at, from low addresses up, and
/// no page that was never written. A guest can write anything anywhere, and pages of an earlier
/// kernel may still be there. So a page that begins like it is taken only if all of this holds:
///
/// - it is lines of text, and names the release and the page size of @scope.arch;
/// - the kernel's init_uts_ns is where its symbol and phys_base lead, with the same release;
/// - the first interrupt handler of some vCPU, by IDT base, lies in the kernel's image, and the
///   vCPU's page tables, by CR3, map it to where phys_base says. (This is left out if no vCPU can
///   tell, as in files without control registers.)
///
/// Nothing is searched if all known handlers lie outside the range where Linux has its own (another
/// system runs), or if paging is off on all vCPUs (firmware runs, or nothing yet). Bounds: 2^24
/// pages, which are 64 GiB, and 1024 pages that begin like VMCOREINFO. Memory that cannot be read
/// is skipped. Any thread, on @scope.threads threads; the result does not depend on their number.
std::optional<FoundVmcoreinfo> find_vmcoreinfo(const SearchScope& scope);

}  // namespace guestdump::linux_guest
