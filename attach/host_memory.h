// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "attach/memory_piece.h"

namespace guestdump::attach {

/// Bytes [address, address + size) of a process.
struct HostRange {
    uint64_t address = 0, size = 0;
};

/// The parts of a process's memory that contain its guest's RAM. Any thread.
class HostMemory {
  public:
    /// The memory of @process in @ranges. @process must outlive the result.
    ///
    /// Errors: a part of a range is not mapped, or cannot be read; the process's maps cannot be
    /// read.
    static Result<std::unique_ptr<HostMemory>> of(const Process& process,
                                                  std::span<const HostRange> ranges);

    /// Copies the bytes at @address of the process to @out. Errors: some of them lie outside the
    /// ranges; those of MemoryPiece::read().
    Result<> read(uint64_t address, std::span<std::byte> out) const;

    /// As guest::RamRegion::extent(). @address must lie in the ranges.
    guest::RamExtent extent(uint64_t address, uint64_t limit) const;

  private:
    explicit HostMemory(PageMap pages) : pages_(std::move(pages)) {}

    struct Place {
        uint64_t start, end;  ///< addresses of the mapping in the process
        std::unique_ptr<MemoryPiece> piece;
    };

    Result<> add(const Process& process, std::span<const MemoryMap> maps, HostRange range);
    const Place* find(uint64_t address) const;

    PageMap pages_;
    std::vector<Place> places_;  ///< in the order of addresses
};

}  // namespace guestdump::attach
