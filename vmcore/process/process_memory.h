// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "vmcore/byte_source.h"

namespace guestdump::vmcore {

/// The memory of a 64-bit process, as far as its core holds it.
class ProcessMemory {
  public:
    /// Bytes [address, address + size) of the process lie at @offset of the file.
    struct CoreRange {
        uint64_t address = 0, size = 0, offset = 0;
    };

    /// A core that ends too early gives what is left of it. Where segments overlap, the one that
    /// starts lower counts.
    ///
    /// Errors: not the core file of a process; its headers lead outside of it.
    static Result<ProcessMemory> of(std::shared_ptr<const ByteSource> source);

    /// In the order of addresses, disjoint.
    const std::vector<CoreRange>& ranges() const { return ranges_; }

    /// Calls Result<> @each for the parts of [@address, @address + @size) that the core holds, in
    /// their order. Errors: of @each.
    Result<> for_each_part(uint64_t address, uint64_t size,
                           const std::function<Result<>(const CoreRange&)>& each) const;

    /// Errors: the core does not hold all of it; the file's.
    Result<> read(uint64_t address, std::span<std::byte> out) const;

    /// Bytes that the core's headers promise and the file is too short for.
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
