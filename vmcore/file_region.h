// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "guest/ram_region.h"
#include "vmcore/byte_source.h"

namespace guestdump::vmcore {

/// A whole file as one RAM region, for the memory of an ELF vmcore. An offset in the region is an
/// offset in the file, so pieces of memory that are adjacent in the file form one block.
class FileRegion final : public guest::RamRegion {
  public:
    explicit FileRegion(std::shared_ptr<const ByteSource> file) : file_(std::move(file)) {}

    std::string_view name() const override { return file_->name(); }
    uint64_t size() const override { return file_->size(); }
    Result<> read(uint64_t offset, std::span<std::byte> out) const override {
        return file_->read_at(offset, out);
    }
    const std::byte* mapped() const override { return file_->mapped(); }
    guest::RamExtent extent(uint64_t offset, uint64_t limit) const override {
        return file_->extent(offset, limit);
    }

  private:
    std::shared_ptr<const ByteSource> file_;
};

}  // namespace guestdump::vmcore
