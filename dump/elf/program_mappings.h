// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <vector>

#include "dump/elf/memory_pieces.h"
#include "guest/guest.h"
#include "guest/memory_map.h"
#include "guest/memory_mapping.h"

/// Which mappings become program headers of an ELF vmcore. Any thread.
///
/// Errors of all functions: the host has no memory to give.

namespace guestdump::dump {

/// Virtual address of physical address 0 in the last mappings of paging=true, for ELF64. No
/// processor uses virtual addresses there: they are not canonical with four or with five levels of
/// page tables.
inline constexpr uint64_t kPhysicalWindow = uint64_t{1} << 63;

/// paging=false: each piece at a virtual address equal to its physical one (at 0, gdb would map all
/// pieces on top of each other), except for what lies in @image, the guest kernel's mapping, which
/// is at the kernel's address: a piece is cut in three there. Ascending and disjoint in physical
/// addresses, because some readers find memory by a binary search. [volatility3 elf.py]
Result<guest::MemoryMappings> simple_mappings(
    const MemoryPieces& pieces, const std::optional<guest::MemoryMapping>& image = {});

/// VirtualBox cores: each piece at virtual address 0, and for each gap between ranges of @memory,
/// which is all memory of the guest, a mapping without contents in the file: there a PC has its
/// devices. Gaps are cut to @only, the range of the request, if there is one.
Result<guest::MemoryMappings> vbox_mappings(const guest::RangeList& memory,
                                            const MemoryPieces& pieces,
                                            const std::optional<guest::GpaRange>& only);

/// Inputs of paging=true other than the vCPUs.
struct PagingScope {
    const guest::PageSource& memory;  ///< page tables are read from here
    const MemoryPieces& pieces;       ///< memory that the dump describes
    format::ElfClass elf_class = format::ElfClass::k64;
    size_t most_mappings = guest::MemoryMappingList::kDefaultCap;
    const util::Cancellation& cancellation;
    /// The guest kernel's own mapping, if it is known, and an address in it that only the kernel's
    /// full tables map.
    std::optional<guest::MemoryMapping> image{};
    guest::Gva in_image{};
};

/// paging=true: the mappings of the pieces in the page tables of @cpus, sorted by virtual address
/// and split at borders of pieces, so that every mapping lies in one piece. vCPUs with the same
/// paging root are walked once. vCPUs without paging add nothing if another vCPU has paging; if
/// none has, this is simple_mappings().
///
/// If no table maps @scope.in_image, all vCPUs were in user mode under page-table isolation. Then
/// what they do not map of @scope.image follows, without which no reader could find the kernel's
/// own tables.
///
/// After them comes each whole piece again, at kPhysicalWindow. Otherwise readers could not reach
/// memory that no table maps; and in gdb it gives an address to physical memory. These mappings
/// come last because makedumpfile derives the kernel's linear mapping from the last segment below
/// the kernel's image. If no kernel address falls into that segment, it reads the page tables
/// instead. ELF32 has no addresses to spare, so there the window is at 0: readers search segments
/// in order, and find what the tables map first.
///
/// Errors: also more mappings than allowed; ELF32 and a vCPU with 64-bit addresses; cancellation.
Result<guest::MemoryMappings> paging_mappings(std::span<const guest::Cpu> cpus,
                                              const PagingScope& scope);

}  // namespace guestdump::dump
