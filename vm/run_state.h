// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "qapi/types.h"

namespace guestdump::vm {

/// State of a machine, in the schema's words. This program uses prelaunch, running, paused, save_vm
/// (paused by a dump, running again after it), shutdown (the guest died of a triple fault) and
/// internal_error (the accelerator failed).
using RunState = qapi::RunState;

/// Reason of a reset or a shutdown.
using ShutdownCause = qapi::ShutdownCause;

/// True if the guest caused it, and not the user.
inline bool caused_by_guest(ShutdownCause cause) {
    return cause == ShutdownCause::guest_shutdown || cause == ShutdownCause::guest_reset ||
           cause == ShutdownCause::guest_panic;
}

}  // namespace guestdump::vm
