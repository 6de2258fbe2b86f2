// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "linux/log/log_record.h"
#include "linux/virtual_memory.h"
#include "linux/vmcoreinfo.h"

namespace guestdump::linux_guest {

/// Reads the log of Linux 5.10 and later: a ring of descriptors, each of which refers to a block in
/// a ring of text. Messages that were being written are left out. [linux
/// kernel/printk/printk_ringbuffer.c, Documentation/admin-guide/kdump/vmcoreinfo.rst]
///
/// Errors: lines of VMCOREINFO are missing; the rings cannot be read or have impossible sizes.
/// After a later error the log ends, and KernelLog::incomplete has the reason.
Result<KernelLog> read_printk_ring(const VirtualMemory& memory, const Vmcoreinfo& vmcoreinfo);

}  // namespace guestdump::linux_guest
