// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "vmcore/byte_source.h"
#include "vmcore/open_options.h"

namespace guestdump::vmcore {

/// True where @source begins as a flattened file does.
bool is_flattened(const ByteSource& source);

/// The file that a flattened one carries. Bytes that no record has are zero, as where it is put
/// together on disk; of records that overlap the later one wins, as there. [makedumpfile -R]
class FlatSource final : public ByteSource {
  public:
    /// Reads every record's header, not the data. Memory: 24 bytes a record, which itself has 17 or
    /// more.
    ///
    /// With options.partial, a file that was cut off ends with its last byte.
    ///
    /// Errors: a type or version that is not known, a record of no or negative size, one that leads
    /// outside of the file, no end record.
    static Result<std::shared_ptr<const FlatSource>> open(std::shared_ptr<const ByteSource> file,
                                                          OpenOptions options = {});

    const std::string& name() const override { return file_->name(); }
    uint64_t size() const override { return size_; }
    Result<> read_at(uint64_t offset, std::span<std::byte> out) const override;
    guest::RamExtent extent(uint64_t offset, uint64_t limit) const override;

    /// Bytes [offset, offset + size) of the carried file lie at @stored of the flattened one.
    struct StoredRange {
        uint64_t offset, size, stored;
        uint64_t end() const { return offset + size; }
    };
    /// Sorted by offset, disjoint.
    const std::vector<StoredRange>& ranges() const { return ranges_; }
    /// True if the file was cut off: it has no end record.
    bool cut_off() const { return cut_off_; }

  private:
    FlatSource(std::shared_ptr<const ByteSource> file, std::vector<StoredRange> ranges,
               bool cut_off);

    std::shared_ptr<const ByteSource> file_;
    std::vector<StoredRange> ranges_;
    uint64_t size_;
    bool cut_off_;
};

}  // namespace guestdump::vmcore
