// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump/page_bitmap.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

namespace guestdump::vmcore {
namespace {

constexpr uint64_t kBytesPerRead = 64 << 10;

}  // namespace

Result<PageBitmap> PageBitmap::read(const ByteSource& source, uint64_t offset, uint64_t max_mapnr,
                                    uint32_t page_size) {
    PageBitmap runs;
    std::vector<std::byte> buffer(kBytesPerRead);
    const uint64_t bytes = (max_mapnr + 7) / 8;
    for (uint64_t at = 0; at < bytes;) {
        const guest::RamExtent extent = source.extent(offset + at, offset + bytes);
        if (!extent.populated) {
            at += extent.length;
            continue;
        }
        const auto part =
            std::span(buffer).first(std::min({extent.length, bytes - at, kBytesPerRead}));
        TRY(source.read_at(offset + at, part));
        for (const std::byte bits : part) {
            const uint64_t pfn = at++ * 8;
            unsigned set = std::to_integer<unsigned>(bits);
            if (max_mapnr - pfn < 8) set &= (1u << (max_mapnr - pfn)) - 1;
            if (set != 0 && !runs.add_byte(pfn, set)) {
                return Error::make("'%s': the bitmap at offset %" PRIu64
                                   " has more than %zu runs of pages below address 0x%" PRIx64,
                                   source.name().c_str(), offset, kMaxRuns, pfn * page_size);
            }
        }
    }
    return runs;
}

const BitmapRun* PageBitmap::find_from(uint64_t pfn) const {
    const auto run = std::partition_point(runs_.begin(), runs_.end(),
                                          [&](const BitmapRun& r) { return r.end() <= pfn; });
    return run == runs_.end() ? nullptr : &*run;
}

const BitmapRun* PageBitmap::find(uint64_t pfn) const {
    const BitmapRun* run = find_from(pfn);
    return run && run->first <= pfn ? run : nullptr;
}

uint64_t PageBitmap::rank(uint64_t pfn) const {
    const BitmapRun* run = find_from(pfn);
    return run ? run->rank + (std::max(pfn, run->first) - run->first) : pages();
}

bool PageBitmap::add_byte(uint64_t pfn, unsigned bits) {
    if (bits == 0xff) return add(pfn, 8);
    for (unsigned bit = 0; bit < 8; ++bit) {
        if ((bits >> bit & 1) != 0 && !add(pfn + bit, 1)) return false;
    }
    return true;
}

bool PageBitmap::add(uint64_t pfn, uint64_t count) {
    if (!runs_.empty() && runs_.back().end() == pfn) {
        runs_.back().count += count;
        return true;
    }
    if (runs_.size() == kMaxRuns) return false;
    runs_.push_back({.first = pfn, .count = count, .rank = pages()});
    return true;
}

}  // namespace guestdump::vmcore
