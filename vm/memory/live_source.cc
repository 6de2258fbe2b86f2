// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/memory/live_source.h"

#include <algorithm>
#include <cassert>

namespace guestdump::vm {
namespace {

constexpr uint64_t kPage = LiveRegion::kPage;
constexpr uint64_t kLeastPool = uint64_t{16} << 20, kMostPool = uint64_t{1} << 30;

/// A region as it was at the moment.
class LiveRam final : public guest::RamRegion {
  public:
    LiveRam(std::shared_ptr<LiveMemory> memory, size_t index, std::shared_ptr<const Ram> ram)
        : memory_(std::move(memory)), index_(index), ram_(std::move(ram)) {}

    std::string_view name() const override { return ram_->name(); }
    uint64_t size() const override { return ram_->size(); }
    Result<> read(uint64_t offset, std::span<std::byte> out) const override {
        return memory_->read(index_, offset, out);
    }
    /// A page that is not populated now was not populated at the moment, because the host never
    /// takes pages away from a guest.
    guest::RamExtent extent(uint64_t offset, uint64_t limit) const override {
        return ram_->extent(offset, limit);
    }

  private:
    std::shared_ptr<LiveMemory> memory_;
    size_t index_;
    std::shared_ptr<const Ram> ram_;
};

struct Place {
    uint64_t offset = 0, size = 0;
};

/// True if some page lies completely in two of @places, and so may be read twice.
bool any_overlap(std::vector<Place> places) {
    std::ranges::sort(places, {}, &Place::offset);
    for (size_t i = 1; i < places.size(); ++i) {
        if (places[i].offset < places[i - 1].offset + places[i - 1].size) return true;
    }
    return false;
}

/// Lists the RAM of @blocks, each Ram once, in the order of appearance. @space contains the Ram of
/// the blocks.
Result<std::vector<LiveMemory::Part>> parts_of(const AddressSpace& space,
                                               const guest::GuestPhysBlockList& blocks) {
    std::vector<LiveMemory::Part> parts;
    std::vector<std::vector<Place>> places;
    for (const guest::GuestPhysBlock& block : blocks.view()) {
        const auto piece = std::ranges::find(space.view(), block.region, &MappedMemory::region);
        if (!piece->ram) {
            return Error::make("guest memory '%s' cannot be write-protected",
                               std::string(block.region->name()).c_str());
        }
        const auto part = std::ranges::find(parts, piece->ram, &LiveMemory::Part::ram);
        const auto index = static_cast<size_t>(part - parts.begin());
        if (part == parts.end()) {
            parts.push_back({.ram = piece->ram});
            places.emplace_back();
        }
        places[index].push_back({block.offset, block.range.size});
    }
    for (size_t i = 0; i < parts.size(); ++i) parts[i].aliased = any_overlap(places[i]);
    return parts;
}

/// Adds the pages of [@offset, @offset + @size) to @runs.
void add_pages(uint64_t offset, uint64_t size, std::vector<PageRun>& runs) {
    runs.push_back({offset / kPage, (offset + size + kPage - 1) / kPage});
}

/// Sorts @runs, and joins adjacent and overlapping ones.
void normalize(std::vector<PageRun>& runs) {
    std::ranges::sort(runs, {}, &PageRun::first);
    std::vector<PageRun> joined;
    for (const PageRun& run : runs) {
        if (!joined.empty() && run.first <= joined.back().end) {
            joined.back().end = std::max(joined.back().end, run.end);
        } else {
            joined.push_back(run);
        }
    }
    runs = std::move(joined);
}

}  // namespace

Result<std::shared_ptr<LiveSource>> LiveSource::create(const AddressSpace& space,
                                                       uint64_t pool_bytes) {
    const guest::GuestPhysBlockList blocks = space.dumpable();
    const std::vector<LiveMemory::Part> parts = TRY(parts_of(space, blocks));
    if (pool_bytes == 0) pool_bytes = std::clamp(blocks.total_bytes() / 8, kLeastPool, kMostPool);
    const std::shared_ptr<LiveMemory> memory = TRY(LiveMemory::create(parts, pool_bytes));
    Regions regions;
    for (const LiveMemory::Part& part : parts)
        regions.push_back(std::make_shared<LiveRam>(memory, regions.size(), part.ram));
    guest::GuestPhysBlockList seen;
    for (guest::GuestPhysBlock block : blocks.view()) {
        const auto is_its = [&](const LiveMemory::Part& part) { return part.ram == block.region; };
        const auto part = std::ranges::find_if(parts, is_its);
        block.region = regions[static_cast<size_t>(part - parts.begin())];
        seen.append(std::move(block));
    }
    return std::shared_ptr<LiveSource>(new LiveSource(memory, std::move(regions), std::move(seen)));
}

Result<> LiveSource::begin_pages(const guest::PageSet& pages, uint64_t page_size) {
    std::vector<std::vector<PageRun>> needed(regions_.size());
    for (const guest::GuestPhysBlock& block : blocks().view()) {
        const auto index = std::ranges::find(regions_, block.region) - regions_.begin();
        std::vector<PageRun>& runs = needed[static_cast<size_t>(index)];
        const uint64_t start = block.range.start.value;
        const uint64_t last_pfn = block.range.last() / page_size;
        for (auto run = pages.next_run(start / page_size); run && run->first <= last_pfn;
             run = pages.next_run(run->end)) {
            const uint64_t first = std::max(run->first * page_size, start);
            const uint64_t last =
                run->end > last_pfn ? block.range.last() : run->end * page_size - 1;
            add_pages(block.offset + (first - start), last - first + 1, runs);
        }
    }
    for (std::vector<PageRun>& runs : needed) normalize(runs);
    return memory_->begin_pages(needed);
}

}  // namespace guestdump::vm
