// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "vmcore/byte_source.h"
#include "vmcore/contents.h"

namespace guestdump::vmcore {

/// True if @source is the core of a process and not of a machine, judged by its notes.
bool is_process_core(const ByteSource& source);

/// Reads the guest from a core of guestdump-vm that the kernel or gcore wrote.
///
/// Registers are those at the time of the core if the process shared them with KVM and the core
/// contains that memory; otherwise those of the last synchronisation. Guest memory that is not in
/// the core is in no block, and is reported in a warning.
///
/// Errors: those of find_record(); the core contains no guest memory.
Result<Contents> read_process_core(const std::shared_ptr<const ByteSource>& source);

}  // namespace guestdump::vmcore
