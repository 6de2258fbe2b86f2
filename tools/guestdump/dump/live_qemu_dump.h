// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "attach/emulator.h"
#include "qapi/types.h"
#include "tools/guestdump/command_progress.h"
#include "tools/guestdump/dump/dump_result.h"
#include "tools/guestdump/dump/dump_target.h"

namespace guestdump::tools {

/// What the caller accepts of a live dump of QEMU.
struct LiveWish {
    bool forced = false;    ///< also of a QEMU whose guest hangs if its stream breaks
    bool fallback = false;  ///< stop the guest for its dump if there can be no live one
};

/// Dumps the guest of a QEMU while it runs: QEMU sends a background snapshot, which is kept in a
/// file without a name and then written as @arguments want. @target is as in dump_attached().
///
/// Returns the exit status. Empty if the caller must make an ordinary dump: the guest is stopped
/// already, or QEMU cannot make a snapshot and @wish allows the fallback. The reason is on stderr.
///
/// Errors: those of dump::parse_request(), attach::examine_live() and attach::LiveSnapshot; of the
/// dump and the target. The guest runs on.
Result<std::optional<int>> dump_qemu_live(attach::Emulator& emulator,
                                          const qapi::DumpGuestMemoryArguments& arguments,
                                          LiveWish wish, const std::string& path,
                                          const std::optional<DumpTarget>& target, Manner manner,
                                          CommandProgress& shown);

}  // namespace guestdump::tools
