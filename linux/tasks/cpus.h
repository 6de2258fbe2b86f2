// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "guest/execution.h"
#include "linux/symbols/symbol_table.h"
#include "linux/types/btf.h"
#include "linux/virtual_memory.h"

namespace guestdump::linux_guest {

/// A CPU, with the number that the guest's kernel gives it.
struct KernelCpu {
    uint32_t number = 0;
    guest::Gva area;                    ///< offset added to the addresses of per-CPU variables
    std::optional<guest::Gva> current;  ///< task_struct of the task that it executes
    /// Index of the vCPU that is this CPU: the vCPU whose GS base is `area`. Empty if there is
    /// none, because the CPU is off or the vCPU has not entered the kernel yet.
    std::optional<size_t> vcpu;
};

/// Limit on the number of CPUs. [linux arch/x86/Kconfig, NR_CPUS]
inline constexpr uint32_t kMostCpus = 8192;

/// Lists the kernel's CPUs, without those that are off: offline, idle and not a vCPU. @vcpus: what
/// each vCPU was executing.
/// @types may be null; for Linux 6.2 to 6.14 the current tasks are then missing.
///
/// Errors: symbols are missing; those of reading; there are more than kMostCpus CPUs.
Result<std::vector<KernelCpu>> read_cpus(const VirtualMemory& memory, const SymbolTable& symbols,
                                         const Btf* types,
                                         std::span<const std::optional<guest::Execution>> vcpus);

}  // namespace guestdump::linux_guest
