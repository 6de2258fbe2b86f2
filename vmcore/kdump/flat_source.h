// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "vmcore/byte_source.h"
#include "vmcore/open_options.h"

namespace guestdump::vmcore {

/// True if @source starts like a flattened file.
bool is_flattened(const ByteSource& source);

/// The file inside a flattened one. As when it is reassembled on disk, bytes without a record are
/// zero, and if records overlap, the later one counts. [makedumpfile -R]
class FlatSource final : public ByteSource {
  public:
    /// Reads the header of every record, but no data. Memory: 24 bytes per record, which itself has
    /// 17 or more.
    ///
    /// With options.partial, a file that was cut off ends at its last byte.
    ///
    /// Errors: unknown type or version; a record whose size is zero or negative, or that lies
    /// outside the file; no end record.
    static Result<std::shared_ptr<const FlatSource>> open(std::shared_ptr<const ByteSource> file,
                                                          OpenOptions options = {});

    const std::string& name() const override { return file_->name(); }
    uint64_t size() const override { return size_; }
    Result<> read_at(uint64_t offset, std::span<std::byte> out) const override;
    guest::RamExtent extent(uint64_t offset, uint64_t limit) const override;

    /// Bytes [offset, offset + size) of the unflattened file lie at @stored in the flattened one.
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
