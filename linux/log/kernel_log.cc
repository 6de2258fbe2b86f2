// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/log/kernel_log.h"

#include "linux/log/log_buffer.h"
#include "linux/log/printk_ring.h"

namespace guestdump::linux_guest {

Result<KernelLog> read_kernel_log(const VirtualMemory& memory, const Vmcoreinfo& vmcoreinfo) {
    if (vmcoreinfo.symbol("prb")) return read_printk_ring(memory, vmcoreinfo);
    if (vmcoreinfo.symbol("log_first_idx")) return read_log_buffer(memory, vmcoreinfo);
    return Error::make(
        "VMCOREINFO has neither SYMBOL(prb) nor SYMBOL(log_first_idx): the kernel's "
        "log cannot be found");
}

}  // namespace guestdump::linux_guest
