// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "vmcore/byte_source.h"
#include "vmcore/contents.h"

namespace guestdump::vmcore {

/// True where @source is the core of a process, and not of a machine: its notes tell of a process.
bool is_process_core(const ByteSource& source);

/// Reads the guest out of a core of guestdump-vm, written by the kernel or by gcore.
///
/// Registers are those at the moment of the core where the process shared them with KVM and the
/// core has that memory; else those of the last synchronisation. Guest memory that the core lacks
/// is in no block, and a warning.
///
/// Errors: those of find_record(); none of the guest's memory is there.
Result<Contents> read_process_core(const std::shared_ptr<const ByteSource>& source);

}  // namespace guestdump::vmcore
