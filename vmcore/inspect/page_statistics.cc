// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/page_statistics.h"

#include <algorithm>
#include <array>

#include "vmcore/kdump/kdump_reader.h"

namespace guestdump::vmcore {
namespace {

using format::PageDesc;

/// In the order of the report.
enum Kind : size_t { zero, raw, zlib, lzo, snappy, zstd, copy, unknown, missing, excluded, kKinds };

constexpr std::array<const char*, kKinds> kNames = {
    "zero", "raw", "zlib", "lzo", "snappy", "zstd", "copy", "unknown", "missing", "excluded"};

Kind by_flags(uint32_t flags) {
    switch (flags) {
        case format::kPageRaw:
            return raw;
        case format::kPageZlib:
            return zlib;
        case format::kPageLzo:
            return lzo;
        case format::kPageSnappy:
            return snappy;
        case format::kPageZstd:
            return zstd;
        default:
            return unknown;
    }
}

std::vector<PageKind> told(const std::array<PageKind, kKinds>& kinds) {
    std::vector<PageKind> list;
    std::copy_if(kinds.begin(), kinds.end(), std::back_inserter(list),
                 [](const PageKind& kind) { return kind.pages != 0; });
    return list;
}

/// Counts pages by kind. A writer allocates offsets in page order, so a page whose bytes begin
/// before the highest end seen so far shares them with an earlier page.
class Counter {
  public:
    explicit Counter(const KdumpRegion& region) : region_(region) {
        for (size_t i = 0; i < kKinds; ++i) kinds_[i].name = kNames[i];
    }

    void add(const PageDesc& page) {
        if (region_.is_zero_page(page)) return count(zero, zero_stored_ ? 0 : uint64_t{page.size});
        if (page.offset == 0) return count(missing, 0);
        if (page.offset < end_) return count(copy, 0);
        end_ = page.offset + page.size;
        count(by_flags(page.flags), page.size);
    }

    void add_excluded(uint64_t pages) { kinds_[excluded].pages += pages; }

    std::vector<PageKind> take() const { return told(kinds_); }

  private:
    void count(Kind kind, uint64_t stored) {
        ++kinds_[kind].pages;
        kinds_[kind].stored += stored;
        if (kind == zero) zero_stored_ = true;
    }

    const KdumpRegion& region_;
    std::array<PageKind, kKinds> kinds_;
    uint64_t end_ = 0;  ///< of the stored bytes seen so far
    bool zero_stored_ = false;
};

Result<std::vector<PageKind>> of_kdump(const KdumpFile& kdump) {
    Counter counter(*kdump.region);
    TRY(kdump.region->for_each_descriptor([&](uint64_t, const PageDesc& page) -> Result<> {
        counter.add(page);
        return {};
    }));
    const uint64_t stored = kdump.region->stored().pages();
    if (kdump.existing.pages() > stored) counter.add_excluded(kdump.existing.pages() - stored);
    return counter.take();
}

std::vector<PageKind> of_elf(const Vmcore& vmcore) {
    uint64_t data = 0, holes = 0;
    for (const guest::GuestPhysBlock& block : vmcore.contents().blocks.view()) {
        const uint64_t end = block.offset + block.range.size;
        for (uint64_t at = block.offset; at < end;) {
            const guest::RamExtent extent = block.region->extent(at, end);
            (extent.populated ? data : holes) += extent.length;
            at += extent.length;
        }
    }
    const uint64_t page = vmcore.contents().page_size;
    std::vector<PageKind> list;
    if (data != 0)
        list.push_back({.name = "data", .pages = (data + page - 1) / page, .stored = data});
    if (holes != 0) list.push_back({.name = "hole", .pages = holes / page, .stored = 0});
    const uint64_t left_out = total_bytes(vmcore.contents().left_out);
    if (left_out != 0)
        list.push_back({.name = kNames[excluded], .pages = left_out / page, .stored = 0});
    return list;
}

}  // namespace

Result<std::vector<PageKind>> page_statistics(const Vmcore& vmcore) {
    if (vmcore.kdump()) return of_kdump(*vmcore.kdump());
    return of_elf(vmcore);
}

}  // namespace guestdump::vmcore
