// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "guest/address.h"
#include "guest/ram_region.h"
#include "vmcore/byte_source.h"
#include "vmcore/migration/ram_section.h"

namespace guestdump::vmcore {

/// A RAM block of a migration stream. Pages that the stream does not have are zero.
class StreamRegion final : public guest::RamRegion {
  public:
    StreamRegion(std::shared_ptr<const ByteSource> source, RamBlock block)
        : source_(std::move(source)), block_(std::move(block)) {}

    std::string_view name() const override { return block_.name; }
    uint64_t size() const override { return block_.size; }
    Result<> read(uint64_t offset, std::span<std::byte> out) const override;
    guest::RamExtent extent(uint64_t offset, uint64_t limit) const override;

    /// The parts of [@offset, @offset + @size) whose contents are not in the stream. @size is not
    /// 0.
    std::vector<guest::GpaRange> absent(uint64_t offset, uint64_t size) const;

  private:
    Result<> read_run(const PageRun& run, uint64_t offset, std::span<std::byte> out) const;

    std::shared_ptr<const ByteSource> source_;
    RamBlock block_;
};

}  // namespace guestdump::vmcore
