// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/process/process_memory.h"

#include <algorithm>
#include <cinttypes>

#include "vmcore/elf/program_headers.h"

namespace guestdump::vmcore {
namespace {

using Headers = ProgramHeaders<format::ElfClass::k64>;

}  // namespace

Result<ProcessMemory> ProcessMemory::of(std::shared_ptr<const ByteSource> source) {
    ProcessMemory memory(std::move(source));
    const Headers headers = TRY(Headers::of(*memory.source_));
    TRY(headers.for_each([&memory](uint64_t, const Headers::Phdr& segment) {
        if (segment.type == format::kPtLoad)
            memory.add(segment.vaddr, segment.filesz, segment.offset);
        return Result<>();
    }));
    memory.remove_overlaps();
    return memory;
}

void ProcessMemory::add(uint64_t address, uint64_t size, uint64_t offset) {
    const uint64_t in_file = source_->size() - std::min(offset, source_->size());
    const uint64_t there = std::min({size, in_file, UINT64_MAX - address});
    cut_off_ += size - there;
    if (there > 0) ranges_.push_back({.address = address, .size = there, .offset = offset});
}

void ProcessMemory::remove_overlaps() {
    std::stable_sort(ranges_.begin(), ranges_.end(),
                     [](const CoreRange& a, const CoreRange& b) { return a.address < b.address; });
    std::vector<CoreRange> disjoint;
    uint64_t reached = 0;
    for (CoreRange range : ranges_) {
        const uint64_t end = range.address + range.size;
        if (end <= reached) continue;
        const uint64_t skipped = std::max(range.address, reached) - range.address;
        disjoint.push_back({.address = range.address + skipped,
                            .size = range.size - skipped,
                            .offset = range.offset + skipped});
        reached = end;
    }
    ranges_ = std::move(disjoint);
}

Result<> ProcessMemory::for_each_part(uint64_t address, uint64_t size,
                                      const std::function<Result<>(const CoreRange&)>& each) const {
    const uint64_t end = address + std::min(size, UINT64_MAX - address);
    auto range = std::upper_bound(
        ranges_.begin(), ranges_.end(), address,
        [](uint64_t wanted, const CoreRange& one) { return wanted < one.address + one.size; });
    for (; range != ranges_.end() && range->address < end; ++range) {
        const uint64_t from = std::max(range->address, address);
        const uint64_t to = std::min(range->address + range->size, end);
        TRY(each({.address = from,
                  .size = to - from,
                  .offset = range->offset + (from - range->address)}));
    }
    return {};
}

Result<> ProcessMemory::read(uint64_t address, std::span<std::byte> out) const {
    uint64_t done = 0;
    const auto copy = [&](const CoreRange& part) -> Result<> {
        if (part.address != address + done) return {};  // the missing bytes are reported below
        TRY(source_->read_at(part.offset, out.subspan(done, part.size)));
        done += part.size;
        return {};
    };
    TRY(for_each_part(address, out.size(), copy));
    if (done == out.size()) return {};
    return Error::make("'%s' holds 0x%" PRIx64 " of the process's 0x%zx bytes at 0x%" PRIx64,
                       source_->name().c_str(), done, out.size(), address);
}

}  // namespace guestdump::vmcore
