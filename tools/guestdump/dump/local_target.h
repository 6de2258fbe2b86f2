// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "dump/target/sink.h"
#include "tools/guestdump/dump/dump_target.h"

namespace guestdump::tools {

/// The target of a dump that this process writes: a copy of @target, or the file @path, which is
/// created here, if that is empty. Errors: those of dump::open_file_sink() and
/// dump::make_fd_sink().
Result<std::unique_ptr<dump::Sink>> open_local_sink(const std::string& path,
                                                    const std::optional<DumpTarget>& target);

/// Bytes of the file that was made; 0 if it is none.
uint64_t size_of_file(const std::string& path, const std::optional<DumpTarget>& target);

}  // namespace guestdump::tools
