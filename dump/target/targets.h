// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>

#include "dump/target/sink.h"
#include "util/unique_fd.h"

namespace guestdump::dump {

/// A dump into the file @path, which appears, or replaces what was there, when it is whole:
/// commit() gives it its name. Mode 0600. A FIFO or a device is written to as it is; so is a file
/// that is open in a process (/dev/stdout), from its beginning. A symbolic link is followed.
///
/// Errors: "Could not open '<path>': <why>".
util::Result<std::unique_ptr<Sink>> open_file_sink(const std::string& path);

/// A dump into an open descriptor, from its current position on; @name is for messages. A regular
/// file is cut off behind the dump. The caller's process must ignore SIGPIPE.
///
/// Errors: the descriptor is not open for writing, or is a directory.
util::Result<std::unique_ptr<Sink>> make_fd_sink(util::UniqueFd fd, const std::string& name);

}  // namespace guestdump::dump
