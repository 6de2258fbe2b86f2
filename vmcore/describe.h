// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "qapi/types.h"
#include "vmcore/vmcore.h"

namespace vmcore {

/// What people and scripts want to know of a vmcore, as qapi/vmcore.json has it. @path is told as
/// it is.
///
/// Reads headers, notes and page descriptors, no pages. Errors: reading.
Result<qapi::VmcoreInfo> describe(const Vmcore& vmcore, const std::string& path);

}  // namespace vmcore
