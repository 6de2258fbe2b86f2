// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "util/result.h"

namespace guestdump::util {

/// What -sandbox denies in addition to the calls that no machine needs: QEMU's groups of system
/// calls, with QEMU's defaults. [qemu -sandbox]
struct SandboxPolicy {
    bool deny_obsolete = true;           ///< calls that only very old programs make
    bool deny_privileges = false;        ///< changing user, group or session
    bool deny_spawn = false;             ///< new processes and other programs; threads are allowed
    bool deny_resource_control = false;  ///< scheduling of processes and threads

    bool operator==(const SandboxPolicy&) const = default;
};

/// True if this build supports enter_sandbox().
bool sandbox_available();

/// From now on the kernel ends this process if any of its threads, including new ones, makes a
/// denied call; a call of resource control fails with EPERM instead. This cannot be undone, and
/// programs that this process executes gain no privileges.
///
/// Errors: the kernel has no filters; this build does not support them.
Result<> enter_sandbox(const SandboxPolicy& policy);

}  // namespace guestdump::util
