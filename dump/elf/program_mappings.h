// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <vector>

#include "guest/guest.h"
#include "guest/memory_map.h"

/// Which mappings become program headers of an ELF vmcore. Any thread.
///
/// Errors of all: the host has no memory to give.

namespace guestdump::dump {

/// Where the last mappings of paging=true put physical address 0 in ELF64. No processor has virtual
/// addresses there: they are not canonical, with four levels of tables or with five.
inline constexpr uint64_t kPhysicalWindow = uint64_t{1} << 63;

/// paging=false: each block at the virtual address that is its physical one (at 0 gdb would stack
/// them all), and behind them what of @image, the guest kernel's, lies in @blocks.
Result<guest::MemoryMappings> simple_mappings(
    const guest::GuestPhysBlockList& blocks, const std::optional<guest::MemoryMapping>& image = {});

/// VirtualBox cores: each block at virtual address 0, and for each gap between blocks of @memory,
/// where a PC has its devices, a mapping of what the file does not hold. @dumped is @memory, or
/// what a range leaves of it; then gaps are cut to @only as well.
Result<guest::MemoryMappings> vbox_mappings(const guest::GuestPhysBlockList& memory,
                                            const guest::GuestPhysBlockList& dumped,
                                            const std::optional<guest::GpaRange>& only);

/// What paging=true depends on beside the vCPUs.
struct PagingScope {
    const guest::PageSource& memory;          ///< tables are read from here
    const guest::GuestPhysBlockList& dumped;  ///< what the file holds
    format::ElfClass elf_class = format::ElfClass::k64;
    size_t most_mappings = guest::MemoryMappingList::kDefaultCap;
    const util::Cancellation& cancellation;
};

/// paging=true: what the page tables of @cpus map onto dumped memory, sorted by virtual address and
/// split at block borders, so that every mapping lies in one block. vCPUs with the same paging root
/// are walked once; those without paging add nothing as long as another has it, and with paging
/// nowhere this is simple_mappings().
///
/// Behind them each block once more, whole, at kPhysicalWindow: memory that no table maps would be
/// out of every reader's reach otherwise, and gdb gets a name for physical memory. They stand last
/// because makedumpfile takes the distance of the last segment below the kernel's image for that of
/// the kernel's linear mapping; with one that no kernel address falls into, it looks into the page
/// tables instead. ELF32 has no addresses to spare, so there the window is at 0: readers look at
/// segments in their order, and find what the tables map first.
///
/// Errors: also more mappings than wanted; ELF32 and a vCPU with 64-bit addresses; cancellation.
Result<guest::MemoryMappings> paging_mappings(std::span<const guest::Cpu> cpus,
                                              const PagingScope& scope);

}  // namespace guestdump::dump
