// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

namespace vm {

/// What a machine does, in QEMU's words. [qemu qapi/run-state.json]
enum class RunState : uint8_t {
    prelaunch,  ///< not started since it was made or reset
    running,
    paused,          ///< by stop
    save_vm,         ///< held still by a dump; runs on after it
    shutdown,        ///< the guest died of a triple fault
    internal_error,  ///< the accelerator could not go on
};

/// Why a machine is reset or shut down. [qemu qapi/run-state.json, ShutdownCause]
enum class ShutdownCause : uint8_t {
    host_qmp_quit,
    host_qmp_system_reset,
    host_signal,
    guest_reset,  ///< triple fault
};

/// True where the guest, not a person, was the cause.
inline bool caused_by_guest(ShutdownCause cause) {
    return cause == ShutdownCause::guest_reset;
}

}  // namespace vm
