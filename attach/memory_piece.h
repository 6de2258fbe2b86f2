// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "attach/memory_maps.h"
#include "attach/page_map.h"
#include "attach/process.h"
#include "guest/ram_region.h"

namespace guestdump::attach {

/// The memory of one mapping of a process. Pages without memory are not read, because reading them
/// through the process would allocate them. Addresses are those of the process, and lie inside the
/// mapping. Any thread.
class MemoryPiece {
  public:
    virtual ~MemoryPiece() = default;

    /// Copies the bytes at @address to @out. Errors: those of Process::read() or of
    /// MappedObject::read().
    virtual Result<> read(uint64_t address, std::span<std::byte> out) const = 0;

    /// As guest::RamRegion::extent(), for [@address, @address + @limit).
    virtual guest::RamExtent extent(uint64_t address, uint64_t limit) const = 0;
};

/// Makes the piece for @map, a mapping of @process. @pages are the pages of @process. Both must
/// outlive the result.
///
///  * Shared mapping: read from the mapped object (memfd, file, hugetlbfs). The object may have
///    pages that are not present in this process, because another process wrote them. If it cannot
///    be opened, all of the mapping is read through the process.
///  * Private mapping of a file: pages that the process has written are read from the process, all
///    others from the file.
///  * Anonymous mapping: read from the process.
///
/// Errors: the file of a private mapping cannot be opened.
Result<std::unique_ptr<MemoryPiece>> make_piece(const Process& process, const PageMap& pages,
                                                const MemoryMap& map);

}  // namespace guestdump::attach
