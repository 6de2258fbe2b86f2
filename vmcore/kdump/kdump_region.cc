// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump/kdump_region.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

#include "vmcore/kdump/stored_pages.h"

namespace guestdump::vmcore {

using format::kPageRaw;
using format::PageDesc;

namespace {

Error with_hint(const Error& error) {
    return Error::make("%s; `guestdump convert --partial` saves the rest", error.message().c_str());
}

/// Converts descriptors that were read from a big-endian file.
void swap(std::span<PageDesc> descriptors) {
    for (PageDesc& one : descriptors) {
        const auto bytes = std::bit_cast<format::PageDescIn<std::endian::big>>(one);
        one = bytes.to<std::endian::little>();
    }
}

bool same_place(const PageDesc& a, const PageDesc& b) {
    return a.offset == b.offset && a.size == b.size && a.flags == b.flags;
}

}  // namespace

KdumpRegion::KdumpRegion(std::shared_ptr<const ByteSource> source, const KdumpHeader& header,
                         PageBitmap stored, OpenOptions options)
    : source_(std::move(source)),
      max_mapnr_(header.max_mapnr),
      page_size_(header.page_size),
      order_(header.order),
      descriptors_at_(header.descriptors),
      stored_(std::move(stored)),
      options_(options),
      cache_(kCachedPages) {}

Result<std::shared_ptr<const KdumpRegion>> KdumpRegion::create(
    std::shared_ptr<const ByteSource> source, const KdumpHeader& header, PageBitmap stored,
    OpenOptions options) {
    if (!options.partial)
        TRY(check_inside(*source, "the page descriptors", header.descriptors,
                         stored.pages() * sizeof(PageDesc)));
    std::shared_ptr<KdumpRegion> region(
        new KdumpRegion(std::move(source), header, std::move(stored), options));
    TRY(region->find_zero_page());
    return std::shared_ptr<const KdumpRegion>(std::move(region));
}

/// Every writer puts the page that all zero pages share first into the data area. If another page
/// comes first, it either is not zero, or is itself a zero page that is stored raw.
Result<> KdumpRegion::find_zero_page() {
    const uint64_t data = page_data();
    if (data > source_->size() || source_->size() - data < page_size_) return {};
    std::vector<std::byte> page(page_size_);
    TRY(source_->read_at(data, page));
    if (std::all_of(page.begin(), page.end(), [](std::byte b) { return b == std::byte{0}; })) {
        zero_page_ = data;
    }
    return {};
}

/// The descriptor area of a dump whose target was full is a hole, which reads as zeros.
bool KdumpRegion::is_missing(const PageDesc& descriptor) const {
    const uint64_t offset = descriptor.offset, size = source_->size();
    return offset == 0 || offset > size || descriptor.size > size - offset;
}

bool KdumpRegion::is_zero_page(const PageDesc& descriptor) const {
    return zero_page_ && descriptor.offset == *zero_page_ && descriptor.flags == kPageRaw &&
           descriptor.size == page_size_;
}

Result<std::vector<PageDesc>> KdumpRegion::descriptors(const BitmapRun& run, uint64_t pfn,
                                                       uint64_t count) const {
    std::vector<PageDesc> some(std::min({count, kBatch, run.end() - pfn}));
    const uint64_t at = descriptors_at_ + (run.rank + (pfn - run.first)) * sizeof(PageDesc);
    // create() has checked that all descriptors are there, unless the file was cut off.
    const uint64_t in_file = source_->size() - std::min(at, source_->size());
    const auto there = std::span(some).first(std::min(some.size(), in_file / sizeof(PageDesc)));
    TRY(source_->read_at(at, std::as_writable_bytes(there)));
    if (order_ == std::endian::big) swap(there);
    return some;
}

Result<RangeList> KdumpRegion::missing() const {
    std::vector<guest::GpaRange> pages;
    TRY(for_each_descriptor([&](uint64_t pfn, const PageDesc& page) -> Result<> {
        if (!is_missing(page)) return {};
        const uint64_t start = pfn * page_size_;
        if (!pages.empty() && pages.back().last() + 1 == start) {
            pages.back().size += page_size_;
        } else {
            pages.push_back({guest::Gpa{start}, page_size_});
        }
        return {};
    }));
    return pages;
}

Result<> KdumpRegion::for_each_descriptor(
    const std::function<Result<>(uint64_t pfn, const PageDesc&)>& visit) const {
    for (const BitmapRun& run : stored_.view()) {
        for (uint64_t pfn = run.first; pfn < run.end();) {
            const std::vector<PageDesc> some = TRY(descriptors(run, pfn, run.end() - pfn));
            for (const PageDesc& descriptor : some) TRY(visit(pfn++, descriptor));
        }
    }
    return {};
}

Result<> KdumpRegion::read(uint64_t offset, std::span<std::byte> out) const {
    if (offset > size() || out.size() > size() - offset) {
        return Error::make("'%s': %zu bytes at physical address 0x%" PRIx64
                           " end beyond the last page at 0x%" PRIx64,
                           source_->name().c_str(), out.size(), offset, size());
    }
    while (!out.empty()) {
        const uint64_t in_page = offset % page_size_;
        const size_t whole = in_page == 0 ? out.size() / page_size_ * page_size_ : 0;
        // A single page is probably a page table, which is probably read again, so it is cached.
        const size_t now =
            whole > page_size_ ? whole : std::min<size_t>(out.size(), page_size_ - in_page);
        TRY(whole > page_size_ ? read_pages(offset / page_size_, out.first(now))
                               : read_part(offset, out.first(now)));
        offset += now;
        out = out.subspan(now);
    }
    return {};
}

Result<> KdumpRegion::read_pages(uint64_t pfn, std::span<std::byte> out) const {
    while (!out.empty()) {
        const BitmapRun* run = stored_.find_from(pfn);
        uint64_t pages = out.size() / page_size_;
        if (!run || run->first > pfn) {
            if (run) pages = std::min(pages, run->first - pfn);
            std::memset(out.data(), 0, pages * page_size_);
        } else {
            pages = std::min({pages, kBatch, run->end() - pfn});
            TRY(read_stored(*run, pfn, out.first(pages * page_size_)));
        }
        pfn += pages;
        out = out.subspan(pages * page_size_);
    }
    return {};
}

Result<> KdumpRegion::read_stored(const BitmapRun& run, uint64_t pfn,
                                  std::span<std::byte> out) const {
    const std::vector<PageDesc> some = TRY(descriptors(run, pfn, out.size() / page_size_));
    StoredPages pages(*source_, some, pfn);
    for (size_t i = 0; i < some.size(); ++i) {
        std::byte* const to = out.data() + i * page_size_;
        if (is_zero_page(some[i])) {
            std::memset(to, 0, page_size_);
        } else if (i > 0 && same_place(some[i], some[i - 1])) {
            std::memcpy(to, to - page_size_, page_size_);
        } else {
            Result<> read = pages.read(i, {to, page_size_});
            if (!read) {
                return options_.partial ? std::move(read).take_error() : with_hint(read.error());
            }
        }
    }
    return {};
}

Result<> KdumpRegion::read_part(uint64_t offset, std::span<std::byte> out) const {
    const uint64_t pfn = offset / page_size_;
    const size_t skip = offset % page_size_;
    {
        const std::lock_guard lock(cache_mutex_);
        const CachedPage& cached = cache_[pfn % kCachedPages];
        if (cached.pfn == pfn) {
            std::memcpy(out.data(), cached.bytes.data() + skip, out.size());
            return {};
        }
    }
    CachedPage page{.pfn = pfn, .bytes = std::vector<std::byte>(page_size_)};
    TRY(read_pages(pfn, page.bytes));
    std::memcpy(out.data(), page.bytes.data() + skip, out.size());
    const std::lock_guard lock(cache_mutex_);
    cache_[pfn % kCachedPages] = std::move(page);
    return {};
}

guest::RamExtent KdumpRegion::extent(uint64_t offset, uint64_t limit) const {
    const uint64_t pfn = offset / page_size_;
    const uint64_t end_pfn = (limit + page_size_ - 1) / page_size_;
    const auto until = [&](uint64_t end) { return std::min(limit, end * page_size_) - offset; };
    const BitmapRun* run = stored_.find_from(pfn);
    if (!run) return {.length = until(end_pfn), .populated = false};
    if (run->first > pfn) return {.length = until(run->first), .populated = false};
    const auto some = descriptors(*run, pfn, end_pfn - pfn);
    if (!some) return {.length = until(pfn + 1), .populated = true};
    const bool zero = is_zero_page(some->front());
    const auto change = std::find_if(some->begin(), some->end(),
                                     [&](const PageDesc& d) { return is_zero_page(d) != zero; });
    return {.length = until(pfn + static_cast<uint64_t>(change - some->begin())),
            .populated = !zero};
}

}  // namespace guestdump::vmcore
