// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "linux/log/log_record.h"
#include "linux/virtual_memory.h"
#include "linux/vmcoreinfo.h"

namespace guestdump::linux_guest {

/// Reads the log of Linux 3.5 to 5.9: consecutive records in a buffer, from log_first_idx to
/// log_next_idx. [linux 5.9 kernel/printk/printk.c]
///
/// Errors: lines of VMCOREINFO are missing; the buffer's variables cannot be read, or are out of
/// range. After a later error the log ends, and KernelLog::incomplete has the reason.
Result<KernelLog> read_log_buffer(const VirtualMemory& memory, const Vmcoreinfo& vmcoreinfo);

}  // namespace guestdump::linux_guest
