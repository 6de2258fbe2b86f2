// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "guest/guest.h"
#include "linux/vmcoreinfo.h"
#include "util/cancellation.h"

namespace guestdump::linux_guest {

struct FoundVmcoreinfo {
    guest::Gpa address;  ///< address of the text's first byte
    Vmcoreinfo vmcoreinfo;
    bool runs = true;  ///< a vCPU runs this kernel, or no vCPU's handler is known
};

/// The input of a search. Everything must outlive the search.
struct SearchScope {
    const guest::PageSource& memory;
    const guest::ArchDumpInfo& arch;
    std::span<const guest::Cpu> cpus;
    unsigned threads = 1;
    const util::Cancellation& cancellation;  ///< a cancelled search finds nothing
    /// A search that has not ended by then finds nothing.
    std::optional<std::chrono::steady_clock::time_point> deadline = {};
};

/// Searches memory for the VMCOREINFO of a guest's Linux kernel, for guests that did not pass it in
/// a note.
///
/// Linux keeps the text at the start of a page, and once more as a note that begins a page. [linux
/// kernel/crash_core.c] The search reads only the first bytes of each page, from low addresses up,
/// and skips pages that were never written. A guest can write anything anywhere, and pages of an
/// earlier kernel may still be there. So a page that begins like VMCOREINFO is accepted only if all
/// of these conditions hold:
///
/// - it consists of lines of text with a release and the page size of @scope.arch;
/// - the kernel's init_uts_ns is at the address given by its symbol and phys_base, and has the same
///   release;
/// - the first interrupt handler of some vCPU, by IDT base, lies in the kernel's image, and the
///   vCPU's page tables, by CR3, map it to the address given by phys_base. (Not checked if this is
///   unknown for all vCPUs, as in files without control registers.)
///
/// Nothing is searched if all known handlers lie outside the address range of Linux's handlers
/// (another system runs), if the machine is not x86, or if paging is off on all vCPUs (no kernel
/// runs). At most 2^24 pages (64 GiB) are searched, and at most 1024 pages that begin like
/// VMCOREINFO are examined. Memory that cannot be read is skipped. Any thread, on @scope.threads
/// threads; the result does not depend on their number.
std::optional<FoundVmcoreinfo> find_vmcoreinfo(const SearchScope& scope);

/// True if both texts are of one kernel at one place, perhaps at different times.
bool is_same_kernel(const Vmcoreinfo& one, const Vmcoreinfo& other);

/// Limit on the pages of a search for all kernels that the user did not request: 1 GiB.
inline constexpr uint64_t kFewPages = uint64_t{1} << 18;

/// Finds all kernels in memory, whether a vCPU runs them or not. After a panic, memory holds the
/// kernel that saves the dump and the one that failed. Kernels whose phys_base is not known, or
/// whose VMCOREINFO is not in the first @most_pages pages, are not found. Returns at most 16, each
/// once, ordered by address.
std::vector<FoundVmcoreinfo> find_kernels(const SearchScope& scope, uint64_t most_pages);
/// Checks the last two of find_vmcoreinfo()'s conditions. Returns the reason why @vmcoreinfo cannot
/// be that of the kernel that runs in @scope's guest. Empty if nothing contradicts it, also when
/// the data for a check is missing.
std::optional<std::string> contradiction(const Vmcoreinfo& vmcoreinfo, const SearchScope& scope);

}  // namespace guestdump::linux_guest
