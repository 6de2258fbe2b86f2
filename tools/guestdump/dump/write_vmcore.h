// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "dump/progress.h"
#include "dump/request.h"
#include "dump/target/sink.h"
#include "guest/live_moment.h"
#include "tools/guestdump/command_progress.h"
#include "vmcore/vmcore.h"

namespace guestdump::tools {

/// Writes a dump of the guest in @vmcore to @sink, which is then complete but not yet committed.
/// Shows the progress in @shown, and prints warnings on stderr. @moment is set if the guest ran
/// meanwhile.
///
/// Errors: those of the dump, of the guest's memory and of the target; cancelled.
Result<> write_vmcore(const vmcore::Vmcore& vmcore, std::optional<guest::LiveMoment> moment,
                      const dump::Request& request, dump::Sink& sink, dump::Progress& progress,
                      CommandProgress& shown);

}  // namespace guestdump::tools
