// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "linux/symbols/symbol_table.h"
#include "linux/types/btf.h"
#include "linux/virtual_memory.h"

namespace guestdump::linux_guest {

/// The memory that the kernel counts for one use.
struct MemoryClass {
    const char* name = "";  ///< as in /proc/meminfo, but in lower case: "free", "page-tables"
    uint64_t bytes = 0;
};

/// The state of a kernel, from its variables. A member is empty if it cannot be read, or if the
/// kernel does not have it.
struct KernelState {
    std::optional<std::string> command_line;    ///< as the guest wrote it
    std::optional<uint64_t> uptime;             ///< seconds, without the time in suspend
    std::optional<int64_t> time;                ///< wall clock, seconds since 1970-01-01 00:00 UTC
    std::optional<std::array<double, 3>> load;  ///< load averages of 1, 5 and 15 minutes
    std::optional<uint64_t> taint;              ///< one bit for each reason
    std::optional<uint32_t> panic_cpu;          ///< the CPU that panicked; also empty if none did
    std::vector<MemoryClass> memory;
};

/// Reads all members that can be read. @types may be null; then the clock and `memory` are missing.
KernelState read_kernel_state(const VirtualMemory& memory, const SymbolTable& symbols,
                              const Btf* types);

/// The CPU that panicked. Empty if none did, or if the kernel does not have the variable.
std::optional<uint32_t> panic_cpu(const VirtualMemory& memory, const SymbolTable& symbols);

/// The letters of the bits in @taint, as in the kernel's "Tainted:" lines. [linux kernel/panic.c]
std::string taint_letters(uint64_t taint);

}  // namespace guestdump::linux_guest
