// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>

#include "dump/target/sink.h"
#include "util/unique_fd.h"

namespace guestdump::dump {

/// A dump to the file @path, which appears, or replaces the old file, when commit() gives it its
/// name. Mode 0600. A FIFO or a device is written directly; so is a file that a process has open
/// (/dev/stdout), from its beginning. Symbolic links are followed.
///
/// Errors: "Could not open '<path>': <why>".
util::Result<std::unique_ptr<Sink>> open_file_sink(const std::string& path);

/// A dump to an open descriptor, from its current position on; @name is for messages. A regular
/// file is truncated after the dump.
///
/// Errors: the descriptor is not open for writing, or is a directory.
util::Result<std::unique_ptr<Sink>> make_fd_sink(util::UniqueFd fd, const std::string& name);

}  // namespace guestdump::dump
