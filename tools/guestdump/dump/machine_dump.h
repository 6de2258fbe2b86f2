// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "qapi/types.h"
#include "qmp/qmp_client.h"
#include "tools/guestdump/command_progress.h"
#include "tools/guestdump/dump/dump_result.h"
#include "tools/guestdump/dump/dump_target.h"

namespace guestdump::tools {

/// Has @machine write a dump, shows its progress by @shown, and cancels it on a signal. @target:
/// the target that @path names if it exists and is not a regular file; otherwise the file is
/// created here. Returns the exit status.
///
/// Errors: the machine's; those of the target; the machine has gone; a second signal arrived.
Result<int> dump_by_machine(qmp::QmpClient& machine,
                            const qapi::DumpGuestMemoryArguments& arguments,
                            const std::string& path, std::optional<DumpTarget> target,
                            Manner manner, CommandProgress& shown);

}  // namespace guestdump::tools
