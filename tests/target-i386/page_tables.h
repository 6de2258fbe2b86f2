// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "target-i386/page_walk.h"
#include "tests/target-i386/test_memory.h"

namespace guestdump::target_i386 {

// Bits of page table entries. [SDM 3A 4.5.4]
inline constexpr uint64_t kP = 0x1;      ///< present
inline constexpr uint64_t kPs = 0x80;    ///< maps a page
inline constexpr uint64_t kUser = 0x67;  ///< present, writable, user, accessed, dirty

/// Registers of a vCPU in 64-bit mode with its top table at @cr3.
inline Registers long_mode_registers(uint64_t cr3, uint64_t more_cr4 = 0) {
    Registers registers;
    registers.cr0 = kCr0Paging | kCr0ProtectedMode;
    registers.cr3 = cr3;
    registers.cr4 = kCr4Pae | more_cr4;
    registers.efer = kEferLongModeEnable | kEferLongModeActive | kEferNoExecute;
    return registers;
}

/// A list and the tables that walks for it have read.
struct WalkedList : guest::MemoryMappingList {
    using MemoryMappingList::MemoryMappingList;
    WalkedTables walked;
};

inline Result<> walk_into(WalkedList& out, const TestMemory& memory, const Registers& registers,
                          const PagingTraits& traits = {}) {
    const guest::RamSource source = memory.source();
    const util::Cancellation never;
    return walk_pages(*PagingMode::of(registers, traits), {source, never, out.walked}, out);
}

}  // namespace guestdump::target_i386
