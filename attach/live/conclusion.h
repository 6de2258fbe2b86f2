// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "attach/live/live_fit.h"
#include "attach/live/migration.h"
#include "attach/live/spool.h"

namespace guestdump::attach {

/// What QEMU calls the pipe of a background snapshot.
inline constexpr const char* kStreamName = "guestdump-live";

/// Frees the guest of a QEMU before 9.0 whose snapshot has broken, so that writes wait for ever.
/// Returns true if there was something to free. Any thread. Errors: those of
/// lift_write_protection().
Result<bool> free_guest(const LiveFit& fit);

/// Returns when @spool has read the stream to its end. If QEMU has the pipe but makes no snapshot,
/// takes the pipe back, which ends it. Errors: those of Emulator.
Result<> await_stream_end(Emulator& emulator, const Spool& spool);

/// The stream of a background snapshot has reached its end: waits until QEMU is done with it, puts
/// things back as they were before, and returns how it ended. A guest that QEMU left stopped goes
/// on. Errors: those of free_guest() and of Emulator.
Result<MigrationState> conclude_snapshot(Emulator& emulator, const LiveFit& fit);

}  // namespace guestdump::attach
