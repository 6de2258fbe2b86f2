// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "attach/held_guest.h"
#include "dump/request.h"
#include "tools/guestdump/command_progress.h"
#include "tools/guestdump/dump/dump_result.h"
#include "tools/guestdump/dump/dump_target.h"

namespace guestdump::tools {

/// Dumps the guest of @emulator, which runs in @process. This process reads the guest's memory and
/// writes the dump. @target: the opened target if @path does not name a regular file; else the file
/// is created here. @shown shows the progress. Returns the exit status.
///
/// Errors: those of attach::HeldGuest, of the dump and of the target. After an error the guest runs
/// on if it ran before.
Result<int> dump_attached(attach::Emulator& emulator, attach::Process process,
                          const dump::Request& request, const std::string& path,
                          std::optional<DumpTarget> target, Manner manner, CommandProgress& shown);

}  // namespace guestdump::tools
