// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/memory/live_region.h"

#include <atomic>
#include <bit>

#include "util/round.h"

namespace guestdump::vm {
namespace {

constexpr uint64_t kBlockPages = (uint64_t{2} << 20) / LiveRegion::kPage;
constexpr uint64_t kWordBits = 64;

}  // namespace

LiveRegion::LiveRegion(std::shared_ptr<const Ram> ram, bool aliased)
    : ram_(std::move(ram)),
      aliased_(aliased),
      unit_(std::max<uint64_t>(ram_->host_page() / kPage, 1)),
      block_(std::max(unit_, kBlockPages)) {}

Result<LiveRegion> LiveRegion::make(std::shared_ptr<const Ram> ram, bool aliased) {
    LiveRegion region(std::move(ram), aliased);
    const uint64_t pages = util::round_up(region.ram_->size(), region.unit_ * kPage) / kPage;
    const uint64_t blocks = (pages + region.block_ - 1) / region.block_;
    const uint64_t units = pages / region.unit_;
    region.states_ = TRY(util::MappedArray<uint32_t>::make(pages));
    region.left_ = TRY(util::MappedArray<uint32_t>::make(blocks));
    region.written_ = TRY(util::MappedArray<uint64_t>::make((units + kWordBits - 1) / kWordBits));
    region.fullness_ = TRY(util::MappedArray<Fullness>::make(blocks));
    for (uint64_t block = 0; block < blocks; ++block) {
        const PageRun run = region.block_of(block * region.block_);
        region.left_[block] = static_cast<uint32_t>(run.end - run.first);
    }
    return region;
}

guest::RamExtent LiveRegion::extent_of(PageRun run) const {
    return ram_->extent(run.first * kPage, std::min(run.end * kPage, ram_->size()));
}

uint64_t LiveRegion::unpopulated_pages(PageRun run) const {
    const guest::RamExtent extent = extent_of(run);
    if (extent.populated) return 0;
    const uint64_t to = run.first * kPage + extent.length;
    return to == ram_->size() ? run.end - run.first : extent.length / kPage;
}

uint64_t LiveRegion::populated_end(PageRun run) const {
    const guest::RamExtent extent = extent_of(run);
    if (!extent.populated) return run.first + 1;
    return run.first + (extent.length + kPage - 1) / kPage;
}

bool LiveRegion::is_full(PageRun run) const {
    for (uint64_t page = run.first; page < run.end;) {
        const PageRun block = block_of(page);
        const std::atomic_ref known(fullness_[page / block_]);
        Fullness fullness = known.load(std::memory_order_relaxed);
        if (fullness == Fullness::unknown) {
            const guest::RamExtent extent = extent_of(block);
            const uint64_t size = std::min(block.end * kPage, ram_->size()) - block.first * kPage;
            const bool full = extent.populated && extent.length == size;
            fullness = full ? Fullness::full : Fullness::partial;
            known.store(fullness, std::memory_order_relaxed);
        }
        if (fullness == Fullness::partial) return false;
        page = block.end;
    }
    return true;
}

void LiveRegion::note_written(uint64_t page) {
    const uint64_t unit = page / unit_;
    written_[unit / kWordBits] |= uint64_t{1} << unit % kWordBits;
}

PageRun LiveRegion::take_written(uint64_t from) {
    uint64_t unit = (from + unit_ - 1) / unit_;
    const uint64_t units = pages() / unit_;
    const auto is_noted = [&](uint64_t at) {
        return written_[at / kWordBits] >> at % kWordBits & 1;
    };
    while (unit < units && !is_noted(unit)) {
        const uint64_t rest = written_[unit / kWordBits] >> unit % kWordBits;
        unit += rest ? static_cast<uint64_t>(std::countr_zero(rest)) : kWordBits - unit % kWordBits;
    }
    PageRun run{std::min(unit, units) * unit_, std::min(unit, units) * unit_};
    for (; unit < units && is_noted(unit); ++unit) {
        written_[unit / kWordBits] &= ~(uint64_t{1} << unit % kWordBits);
        run.end += unit_;
    }
    return run;
}

}  // namespace guestdump::vm
