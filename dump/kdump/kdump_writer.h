// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "dump/writer.h"

namespace guestdump::dump {

/// The writer of kdump-compressed files, raw or flattened. @snapshot must outlive it.
///
/// Errors: the compressor is not in this build, or does not have that level; the guest does not fit
/// the format.
Result<std::unique_ptr<VmcoreWriter>> make_kdump_writer(const Snapshot& snapshot,
                                                        const Request& request);

}  // namespace guestdump::dump
