// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "linux/log/log_record.h"
#include "linux/virtual_memory.h"
#include "linux/vmcoreinfo.h"

namespace guestdump::linux_guest {

/// Reads the kernel's log, with read_printk_ring() or read_log_buffer(). Needs VMCOREINFO only,
/// neither symbols nor types. Errors: those of these functions; VMCOREINFO has no symbol of a log
/// (Linux before 3.5).
Result<KernelLog> read_kernel_log(const VirtualMemory& memory, const Vmcoreinfo& vmcoreinfo);

}  // namespace guestdump::linux_guest
