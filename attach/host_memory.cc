// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/host_memory.h"

#include <algorithm>
#include <cinttypes>

namespace guestdump::attach {

Result<std::unique_ptr<HostMemory>> HostMemory::of(const Process& process,
                                                   std::span<const HostRange> ranges) {
    const std::string text = TRY(process.text("maps"));
    const std::vector<MemoryMap> maps = TRY(parse_maps(text));
    PageMap pages = TRY(PageMap::open(process));
    std::unique_ptr<HostMemory> memory(new HostMemory(std::move(pages)));
    for (const HostRange& range : ranges) TRY(memory->add(process, maps, range));
    return memory;
}

Result<> HostMemory::add(const Process& process, std::span<const MemoryMap> maps, HostRange range) {
    uint64_t reached = range.address;
    for (const MemoryMap& map : maps) {
        if (range.size == reached - range.address) break;
        if (map.end <= reached || map.start > reached || !map.readable) continue;
        if (!find(reached)) {
            std::unique_ptr<MemoryPiece> piece = TRY(make_piece(process, pages_, map));
            const auto after = std::ranges::upper_bound(places_, map.start, {}, &Place::start);
            places_.insert(after, {.start = map.start, .end = map.end, .piece = std::move(piece)});
        }
        reached += std::min(range.size - (reached - range.address), map.end - reached);
    }
    if (range.size == reached - range.address) return {};
    return Error::make(
        "process %d has 0x%" PRIx64 " of 0x%" PRIx64 " bytes of guest memory at address 0x%" PRIx64,
        static_cast<int>(process.pid()), reached - range.address, range.size, range.address);
}

const HostMemory::Place* HostMemory::find(uint64_t address) const {
    const auto place = std::ranges::upper_bound(places_, address, {}, &Place::end);
    return place != places_.end() && place->start <= address ? &*place : nullptr;
}

Result<> HostMemory::read(uint64_t address, std::span<std::byte> out) const {
    while (!out.empty()) {
        const Place* const place = find(address);
        if (!place)
            return Error::make("no guest memory is known at host address 0x%" PRIx64, address);
        const size_t size = std::min<uint64_t>(out.size(), place->end - address);
        TRY(place->piece->read(address, out.first(size)));
        address += size;
        out = out.subspan(size);
    }
    return {};
}

guest::RamExtent HostMemory::extent(uint64_t address, uint64_t limit) const {
    const Place* const place = find(address);
    if (!place) return {.length = limit, .populated = true};  // read() returns the error
    return place->piece->extent(address, std::min(limit, place->end - address));
}

}  // namespace guestdump::attach
