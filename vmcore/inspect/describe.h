// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "linux/vmcoreinfo_search.h"
#include "qapi/types.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

/// Options for describing a vmcore.
struct DescribeOptions {
    bool find_vmcoreinfo = true;      ///< search memory if the file has no guest note
    bool replace_vmcoreinfo = false;  ///< search also if the file has one
    bool page_use = false;            ///< count pages by what the guest's kernel uses them for
    /// Search this many pages for further kernels.
    uint64_t kernel_pages = linux_guest::kFewPages;
    unsigned threads = 1;  ///< threads that search and count
};

/// Describes a vmcore for people and scripts; qapi/vmcore.json defines the members. @path is
/// reported unchanged.
///
/// Reads headers, notes and page descriptors, and pages only to find VMCOREINFO and to count their
/// use. Errors: failed reads.
Result<qapi::VmcoreInfo> describe(const Vmcore& vmcore, const std::string& path,
                                  const DescribeOptions& options = {});

}  // namespace guestdump::vmcore
