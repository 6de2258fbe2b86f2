// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "util/result.h"

namespace guestdump::util {

/// What -sandbox takes from a process beside what no machine needs: the groups of system calls that
/// QEMU has, with its defaults. [qemu -sandbox]
struct SandboxPolicy {
    bool deny_obsolete = true;           ///< calls that only very old programs make
    bool deny_privileges = false;        ///< changing user, group or session
    bool deny_spawn = false;             ///< new processes and other programs; threads are allowed
    bool deny_resource_control = false;  ///< scheduling of processes and threads

    bool operator==(const SandboxPolicy&) const = default;
};

/// Whether this build has what enter_sandbox() needs.
bool sandbox_available();

/// From here on the kernel ends this process where any of its threads, those to come among them,
/// makes a call that is denied; one of resource control fails with EPERM. It cannot be undone, and
/// no program that this process starts gets privileges by being started.
///
/// Errors: the kernel has no filters, or this build none.
Result<> enter_sandbox(const SandboxPolicy& policy);

}  // namespace guestdump::util
