// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "target-i386/registers.h"
#include "vmcore/migration/stream_reader.h"

namespace guestdump::vmcore {

/// The registers of every x86 vCPU of @stream, in the order of their numbers. The stream has them
/// in the devices "cpu", one per vCPU. [qemu target/i386/machine.c, vmstate_x86_cpu]
///
/// Errors: a vCPU without one of the registers; failed reads.
Result<std::vector<target_i386::Registers>> read_cpus(const ByteSource& source,
                                                      const MigrationStream& stream);

}  // namespace guestdump::vmcore
