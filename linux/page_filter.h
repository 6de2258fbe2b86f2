// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "guest/guest.h"
#include "guest/page_set.h"
#include "linux/page_classes.h"
#include "linux/vmcoreinfo.h"
#include "util/cancellation.h"

namespace guestdump::linux_guest {

/// The input of page filtering. Everything must live until the function returns.
struct PageFilterInput {
    const guest::PageSource& memory;
    const guest::ArchDumpInfo& arch;
    std::span<const guest::Cpu> cpus;
    const Vmcoreinfo& vmcoreinfo;
    /// Memory that exists, but is not in @memory, because @memory is a file from which a filter
    /// left it out. Its pages are judged and counted too.
    std::span<const guest::GpaRange> left_out;
    /// Address of VMCOREINFO in memory, if it is known.
    std::optional<guest::Gpa> vmcoreinfo_at;
    /// True if the vCPUs run meanwhile, as for an estimate. The counts are then approximate, and
    /// are not compared with the kernel's own counts.
    bool running = false;
    unsigned threads = 1;
    const util::Cancellation& cancellation;
    /// Called with the number of pages judged so far, and of all pages. Called from any thread, but
    /// from one at a time. May be empty.
    std::function<void(uint64_t done, uint64_t total)> progress;
};

/// The result of page filtering.
struct PageFilterReport {
    /// True if the pages could be judged, and the verdicts passed all checks.
    bool trusted = false;
    /// The reason if `trusted` is false, with both numbers of the check that failed. One line,
    /// lower case, no full stop.
    std::string reason;
    /// Numbers of all pages of memory by class, left out or not. All zero unless trusted.
    PageCounts counts;
    uint64_t excluded = 0;   ///< pages that were removed from the set
    uint64_t unmapped = 0;   ///< pages whose struct page cannot be read; kept
    uint64_t uncovered = 0;  ///< pages that no section of the memory map covers; kept
    uint64_t rejected = 0;   ///< free blocks and compound pages with inconsistent structs; kept
    uint64_t free_by_kernel = 0;  ///< the kernel's own count of free pages; 0 if not known
};

/// Finds the class of every page of @input's memory by the guest kernel's memory map. Removes from
/// @pages the pages of the classes that @exclusion names, and those of the classes hwpoison and
/// offline. If @exclusion names no class and VMCOREINFO has no PG_hwpoison, nothing is removed, as
/// makedumpfile does. Zero pages are not looked for.
///
/// Reads SIZE(page) bytes, usually 64, of guest memory for each page, and does not read pages that
/// are left out. Needs one bit of memory for each page of @pages, and 32 MiB at most. The result
/// does not depend on the number of threads. Any thread.
///
/// The guest wrote the memory map, so it is not trusted. The pages that are needed to understand
/// the kernel (landmarks()) are never left out. If the map contradicts itself, the vCPUs or the
/// kernel's own counts, @pages is unchanged and the report says why. The same happens if the guest
/// is not Linux, or if its VMCOREINFO lacks needed entries.
///
/// Errors: cancellation; the host has no memory to give. @pages is then unchanged.
Result<PageFilterReport> filter_pages(const PageFilterInput& input, const Exclusion& exclusion,
                                      guest::PageSet& pages);

/// As filter_pages(), but only counts the pages of each class.
Result<PageFilterReport> count_pages(const PageFilterInput& input);

}  // namespace guestdump::linux_guest
