// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "qapi/types.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

/// How to describe a vmcore.
struct DescribeOptions {
    bool find_vmcoreinfo = true;  ///< in its memory, where the file has no guest note
    unsigned threads = 1;         ///< that look for it
};

/// What people and scripts want to know of a vmcore, as qapi/vmcore.json has it. @path is told as
/// it is.
///
/// Reads headers, notes and page descriptors; pages only to find VMCOREINFO. Errors: reading.
Result<qapi::VmcoreInfo> describe(const Vmcore& vmcore, const std::string& path,
                                  const DescribeOptions& options = {});

}  // namespace guestdump::vmcore
