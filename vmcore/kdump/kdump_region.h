// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <functional>
#include <mutex>
#include <optional>

#include "format/kdump.h"
#include "guest/ram_region.h"
#include "vmcore/contents.h"
#include "vmcore/kdump/header_reader.h"
#include "vmcore/kdump/page_bitmap.h"
#include "vmcore/open_options.h"

namespace guestdump::vmcore {

/// The pages of a kdump-compressed file as one RAM region whose offsets are guest-physical
/// addresses. Pages are decompressed as they are read, each at once into the caller's buffer; parts
/// of pages come out of a small cache.
class KdumpRegion final : public guest::RamRegion {
  public:
    /// @stored: the pages of bitmap 2, which have descriptors. Others read as zero: only blocks can
    /// tell whether they were zero or are unknown.
    ///
    /// With options.partial, descriptors that @source lacks are zero, as those that were never
    /// written.
    ///
    /// Errors: the descriptors do not lie inside of @source.
    static Result<std::shared_ptr<const KdumpRegion>> create(
        std::shared_ptr<const ByteSource> source, const KdumpHeader& header, PageBitmap stored,
        OpenOptions options = {});

    std::string_view name() const override { return source_->name(); }
    uint64_t size() const override { return max_mapnr_ * kPageSize; }
    /// Errors: also a page that is damaged or, in an incomplete dump, missing. The latter name the
    /// option `--partial`.
    Result<> read(uint64_t offset, std::span<std::byte> out) const override;
    /// Pages that share the zero page at the start of the data count as not populated.
    guest::RamExtent extent(uint64_t offset, uint64_t limit) const override;

    /// Calls @visit with each page of bitmap 2 in order. Errors: reading the descriptors; of
    /// @visit, which ends it.
    Result<> for_each_descriptor(
        const std::function<Result<>(uint64_t pfn, const format::PageDesc&)>& visit) const;
    /// True where @descriptor is that of a page which shares the zero page.
    bool is_zero_page(const format::PageDesc& descriptor) const;
    const PageBitmap& stored() const { return stored_; }
    /// The stored pages whose descriptor was never written, or whose bytes lie beyond the end of
    /// the file. Reads all descriptors.
    Result<RangeList> missing() const;
    /// The file, and where in it, behind the descriptors, the bytes of pages begin.
    const ByteSource& source() const { return *source_; }
    uint64_t page_data() const {
        return descriptors_at_ + stored_.pages() * sizeof(format::PageDesc);
    }

  private:
    using PageDesc = format::PageDesc;
    struct CachedPage {
        uint64_t pfn = UINT64_MAX;
        std::array<std::byte, kPageSize> bytes;
    };
    static constexpr size_t kCachedPages = 64;
    /// Pages whose descriptors are read at once.
    static constexpr uint64_t kBatch = 256;

    KdumpRegion(std::shared_ptr<const ByteSource> source, const KdumpHeader& header,
                PageBitmap stored);

    Result<> find_zero_page();
    bool is_missing(const PageDesc& descriptor) const;
    Result<std::vector<PageDesc>> descriptors(const BitmapRun& run, uint64_t pfn,
                                              uint64_t count) const;
    Result<> read_pages(uint64_t pfn, std::span<std::byte> out) const;
    Result<> read_stored(const BitmapRun& run, uint64_t pfn, std::span<std::byte> out) const;
    Result<> read_part(uint64_t offset, std::span<std::byte> out) const;

    std::shared_ptr<const ByteSource> source_;
    uint64_t max_mapnr_;
    uint64_t descriptors_at_;
    PageBitmap stored_;
    std::optional<uint64_t> zero_page_;  ///< offset of the page that all zero pages share

    mutable std::mutex cache_mutex_;
    mutable std::vector<CachedPage> cache_;  ///< page pfn is at pfn % kCachedPages, if anywhere
};

}  // namespace guestdump::vmcore
