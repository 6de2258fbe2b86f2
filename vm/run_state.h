// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "qapi/types.h"

namespace guestdump::vm {

/// What a machine does, in the schema's words: a machine here is in prelaunch, running, paused,
/// save_vm (held still by a dump, runs on after it), shutdown (the guest died of a triple fault) or
/// internal_error (the accelerator could not go on).
using RunState = qapi::RunState;

/// Why a machine is reset or shut down.
using ShutdownCause = qapi::ShutdownCause;

/// True where the guest, not a person, was the cause.
inline bool caused_by_guest(ShutdownCause cause) {
    return cause == ShutdownCause::guest_shutdown || cause == ShutdownCause::guest_reset ||
           cause == ShutdownCause::guest_panic;
}

}  // namespace guestdump::vm
