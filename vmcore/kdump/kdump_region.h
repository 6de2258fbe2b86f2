// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <bit>
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
/// addresses. Whole pages are decompressed into the caller's buffer when they are read; parts of
/// pages come from a small cache.
class KdumpRegion final : public guest::RamRegion {
  public:
    /// @stored are the pages of bitmap 2, which have descriptors. Other pages read as zeros; only
    /// the blocks show whether they were zero or are unknown.
    ///
    /// With options.partial, descriptors beyond the end of @source are zero, like those that were
    /// never written.
    ///
    /// Errors: the descriptors do not lie inside @source.
    static Result<std::shared_ptr<const KdumpRegion>> create(
        std::shared_ptr<const ByteSource> source, const KdumpHeader& header, PageBitmap stored,
        OpenOptions options = {});

    std::string_view name() const override { return source_->name(); }
    uint64_t size() const override { return max_mapnr_ * page_size_; }
    /// Errors: also a page that is damaged or, in an incomplete dump, missing. The message names
    /// the option `--partial`, unless the file was opened with it.
    Result<> read(uint64_t offset, std::span<std::byte> out) const override;
    /// Pages that share the zero page at the start of the data count as not populated.
    guest::RamExtent extent(uint64_t offset, uint64_t limit) const override;

    /// Calls @visit with each page of bitmap 2 in order; its first Error ends the iteration.
    /// Errors: failed reads of the descriptors; those of @visit.
    Result<> for_each_descriptor(
        const std::function<Result<>(uint64_t pfn, const format::PageDesc&)>& visit) const;
    /// True if @descriptor is that of a page which shares the zero page.
    bool is_zero_page(const format::PageDesc& descriptor) const;
    const PageBitmap& stored() const { return stored_; }
    /// Returns the stored pages whose descriptor was never written or whose bytes lie beyond the
    /// end of the file. Reads all descriptors.
    Result<RangeList> missing() const;
    /// The file, and the offset in it, after the descriptors, at which the bytes of pages begin.
    const ByteSource& source() const { return *source_; }
    uint64_t page_data() const {
        return descriptors_at_ + stored_.pages() * sizeof(format::PageDesc);
    }

  private:
    using PageDesc = format::PageDesc;
    struct CachedPage {
        uint64_t pfn = UINT64_MAX;
        std::vector<std::byte> bytes;
    };
    static constexpr size_t kCachedPages = 64;
    /// Number of pages whose descriptors are read at once.
    static constexpr uint64_t kBatch = 256;

    KdumpRegion(std::shared_ptr<const ByteSource> source, const KdumpHeader& header,
                PageBitmap stored, OpenOptions options);

    Result<> find_zero_page();
    bool is_missing(const PageDesc& descriptor) const;
    Result<std::vector<PageDesc>> descriptors(const BitmapRun& run, uint64_t pfn,
                                              uint64_t count) const;
    Result<> read_pages(uint64_t pfn, std::span<std::byte> out) const;
    Result<> read_stored(const BitmapRun& run, uint64_t pfn, std::span<std::byte> out) const;
    Result<> read_part(uint64_t offset, std::span<std::byte> out) const;

    std::shared_ptr<const ByteSource> source_;
    uint64_t max_mapnr_;
    uint64_t page_size_;  ///< bytes
    std::endian order_;
    uint64_t descriptors_at_;
    PageBitmap stored_;
    OpenOptions options_;
    std::optional<uint64_t> zero_page_;  ///< offset of the page that all zero pages share

    mutable std::mutex cache_mutex_;
    mutable std::vector<CachedPage> cache_;  ///< page pfn can only be at pfn % kCachedPages
};

}  // namespace guestdump::vmcore
