// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration/stream_region.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

#include "vmcore/contents.h"

namespace guestdump::vmcore {
namespace {

/// Pages whose bytes are read at once, with the words between them.
constexpr uint64_t kBatch = 64;

uint64_t start_of(const PageRun& run) {
    return run.page * kPageSize;
}
uint64_t end_of(const PageRun& run) {
    return run.end() * kPageSize;
}

}  // namespace

Result<> StreamRegion::read(uint64_t offset, std::span<std::byte> out) const {
    if (offset > size() || out.size() > size() - offset) {
        return Error::make(
            "'%s': %zu bytes at 0x%" PRIx64 " of RAM block '%s' end beyond its 0x%" PRIx64,
            source_->name().c_str(), out.size(), offset, block_.name.c_str(), size());
    }
    while (!out.empty()) {
        const PageRun* const run = block_.pages.find_from(offset / kPageSize);
        uint64_t now = out.size();
        const bool here = run && start_of(*run) <= offset;
        if (run) now = std::min(now, (here ? end_of(*run) : start_of(*run)) - offset);
        if (here && !run->zero) {
            now = std::min(now, kBatch * kPageSize - offset % kPageSize);
            TRY(read_run(*run, offset, out.first(now)));
        } else {
            std::memset(out.data(), 0, now);
        }
        offset += now;
        out = out.subspan(now);
    }
    return {};
}

/// Reads part of a run of at most kBatch pages: together with the words between them, which is
/// faster than one call per page.
Result<> StreamRegion::read_run(const PageRun& run, uint64_t offset,
                                std::span<std::byte> out) const {
    const PageRuns& pages = block_.pages;
    const uint64_t first = offset / kPageSize, skip = offset % kPageSize;
    const uint64_t from = pages.offset_of(run, first) + skip;
    if (pages.stride() == kPageSize || skip + out.size() <= kPageSize)
        return source_->read_at(from, out);
    const uint64_t last = (offset + out.size() - 1) / kPageSize;
    const uint64_t end = pages.offset_of(run, last) + (offset + out.size() - last * kPageSize);
    std::vector<std::byte> stored(end - from);
    TRY(source_->read_at(from, stored));
    uint64_t at = 0, in_page = skip;
    while (!out.empty()) {
        const uint64_t now = std::min<uint64_t>(out.size(), kPageSize - in_page);
        std::memcpy(out.data(), stored.data() + at, now);
        out = out.subspan(now);
        at += now + (pages.stride() - kPageSize);
        in_page = 0;
    }
    return {};
}

guest::RamExtent StreamRegion::extent(uint64_t offset, uint64_t limit) const {
    const PageRun* run = block_.pages.find_from(offset / kPageSize);
    const PageRun* const end = block_.pages.view().data() + block_.pages.view().size();
    if (run && start_of(*run) <= offset && !run->zero) {
        uint64_t reached = end_of(*run);
        while (++run != end && !run->zero && start_of(*run) == reached && reached < limit)
            reached = end_of(*run);
        return {.length = std::min(limit, reached) - offset, .populated = true};
    }
    while (run && run != end && run->zero && start_of(*run) < limit) ++run;
    const uint64_t reached = run && run != end ? std::min(limit, start_of(*run)) : limit;
    return {.length = reached - offset, .populated = false};
}

std::vector<guest::GpaRange> StreamRegion::absent(uint64_t offset, uint64_t size) const {
    std::vector<guest::GpaRange> ranges;
    const uint64_t end = offset + size;
    if (block_.mapped_ram) {
        // Pages that are zero are not in the file, but the bitmap says so.
        const uint64_t from = std::max(offset, block_.in_file);
        if (from < end) ranges.push_back({guest::Gpa{from}, end - from});
        return ranges;
    }
    while (offset < end) {
        const PageRun* const run = block_.pages.find_from(offset / kPageSize);
        const uint64_t next = run ? std::min(end, start_of(*run)) : end;
        if (next > offset) ranges.push_back({guest::Gpa{offset}, next - offset});
        offset = run ? std::max(next, end_of(*run)) : end;
    }
    return ranges;
}

}  // namespace guestdump::vmcore
