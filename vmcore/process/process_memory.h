// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "vmcore/byte_source.h"

namespace guestdump::vmcore {

/// The memory of a 64-bit process, as far as its core contains it.
class ProcessMemory {
  public:
    /// Bytes [address, address + size) of the process lie at @offset in the file.
    struct CoreRange {
        uint64_t address = 0, size = 0, offset = 0;
    };

    /// Opens a core. If it was cut off, what remains is used. If segments overlap, the one with the
    /// lower start counts.
    ///
    /// Errors: not the core file of a process; headers that lie outside the file.
    static Result<ProcessMemory> of(std::shared_ptr<const ByteSource> source);

    /// In address order, disjoint.
    const std::vector<CoreRange>& ranges() const { return ranges_; }

    /// Calls Result<> @each in address order for the parts of [@address, @address + @size) that the
    /// core contains. Errors: those of @each.
    Result<> for_each_part(uint64_t address, uint64_t size,
                           const std::function<Result<>(const CoreRange&)>& each) const;

    /// Errors: the core does not contain all of it; failed reads.
    Result<> read(uint64_t address, std::span<std::byte> out) const;

    /// Number of bytes that the core's headers claim but that lie beyond the end of the file.
    uint64_t cut_off() const { return cut_off_; }

    const std::shared_ptr<const ByteSource>& source() const { return source_; }

  private:
    explicit ProcessMemory(std::shared_ptr<const ByteSource> source) : source_(std::move(source)) {}
    void add(uint64_t address, uint64_t size, uint64_t offset);
    void remove_overlaps();

    std::shared_ptr<const ByteSource> source_;
    std::vector<CoreRange> ranges_;
    uint64_t cut_off_ = 0;
};

}  // namespace guestdump::vmcore
