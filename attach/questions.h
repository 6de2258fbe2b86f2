// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "attach/emulator.h"
#include "guest/address.h"

/// Queries to a QEMU over QMP. Errors of all functions: those of Emulator::ask(); a reply does not
/// have the form that QEMU documents.

namespace guestdump::attach {

struct Version {
    int64_t major = 0, minor = 0;
};

/// QEMU's version.
Result<Version> version_of(Emulator& emulator);

/// True if the guest's vCPUs may run.
Result<bool> guest_runs(Emulator& emulator);

/// True while QEMU is dumping its guest.
Result<bool> dump_is_active(Emulator& emulator);

/// The IDs of the threads that run vCPUs, as QEMU reports them: in QEMU's PID namespace.
Result<std::vector<pid_t>> vcpu_threads(Emulator& emulator);

/// The address in the QEMU process of the guest's byte at @address. Errors: it is not RAM.
Result<uint64_t> host_address(Emulator& emulator, guest::Gpa address);

/// The architecture of the guest: "x86_64", "aarch64".
Result<std::string> target_architecture(Emulator& emulator);

/// Checks whether the guest can be dumped at all. Errors: this QEMU cannot dump in the background;
/// the guest is being migrated, from or to this QEMU; its memory is encrypted. In all these cases
/// QEMU's own dump would be of no use either.
Result<> check_fit(Emulator& emulator);

}  // namespace guestdump::attach
