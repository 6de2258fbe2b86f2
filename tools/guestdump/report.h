// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <span>
#include <string>

#include "qapi/json.h"
#include "tools/guestdump/input.h"
#include "util/result.h"

/// What commands print about files and errors.

namespace guestdump::tools {

/// Exit status of a command that failed.
inline constexpr int kTrouble = 2;

/// Prints @error to stderr in the name of @command, and returns kTrouble.
int report_error(const char* command, const Error& error);

/// Calls @work for each vmcore among the operands @files. An error is reported in the name of
/// @command, and the next vmcore follows. Returns the highest exit status.
int for_each_vmcore(const char* command, std::span<const std::string> files,
                    const std::function<Result<int>(const InputPaths& paths)>& work);

/// Prints @json to stdout as one line.
void print_json(const qapi::Json& json);

/// "1 bad page", "2 bad pages".
std::string counted(uint64_t count, const char* singular);

}  // namespace guestdump::tools
