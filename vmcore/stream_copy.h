// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>

#include "vmcore/file_source.h"
#include "vmcore/input_stream.h"
#include "vmcore/nameless_file.h"

namespace guestdump::vmcore {

/// Reads @stream to its end into a NamelessFile, and returns that: a vmcore is read at random.
///
/// @progress, unless it is empty, gets the number of bytes read so far after every read.
///
/// Errors: the file cannot be created or written, with its directory and errno; a failed read.
Result<std::shared_ptr<const FileSource>> copy_stream(
    InputStream stream, const std::function<void(uint64_t bytes)>& progress = {});

}  // namespace guestdump::vmcore
