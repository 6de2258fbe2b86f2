// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>

#include "vmcore/input_stream.h"

namespace guestdump::vmcore {

/// True if @stream starts like a flattened kdump-compressed file. Nothing is read from it. Errors:
/// those of InputStream::peek().
Result<bool> carries_kdump(InputStream& stream);

/// Writes the file inside the flattened file @stream to @out, whose name is @to, record by record
/// as they arrive. @out is an empty regular file. As with FlatSource, bytes without a record are
/// zero, and if records overlap, the later one counts. [makedumpfile -R]
///
/// @progress, unless it is empty, gets the number of bytes read so far after every read.
///
/// Errors: unknown type or version; a record whose size or offset is not possible; the stream ends
/// before its end record; failed reads and writes, with errno.
Result<> reassemble(InputStream& stream, int out, const std::string& to,
                    const std::function<void(uint64_t bytes)>& progress = {});

}  // namespace guestdump::vmcore
