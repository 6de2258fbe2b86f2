// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "dump/writer.h"

namespace guestdump::dump {

/// Makes the writer of kdump-compressed files, raw or flattened. @snapshot must outlive it. It
/// calls @check_memory while it writes, after the compressors have been created; an error fails the
/// dump.
///
/// Errors: the compressor is not in this build, or does not support the level; the guest does not
/// fit the format.
Result<std::unique_ptr<VmcoreWriter>> make_kdump_writer(
    const Snapshot& snapshot, const Request& request, MemoryCheck check_memory = skip_memory_check);

}  // namespace guestdump::dump
