// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/elf/memory_copy.h"

#include <algorithm>
#include <vector>

#include "util/mapped_array.h"
#include "util/ordered_stages.h"
#include "util/zero.h"

namespace guestdump::dump {
namespace {

/// Bytes that one job copies. Small enough to stay in a core's second-level cache during copy, zero
/// test and write; large enough that the cost of a system call does not matter.
constexpr uint64_t kChunk = uint64_t{256} << 10;

/// A piece of a part, in a slot's buffer.
struct Chunk {
    guest::Gpa from;
    uint64_t offset = 0;  ///< in the dump
    size_t size = 0;
    util::MappedArray<std::byte> buffer;

    std::span<std::byte> bytes() { return std::span(buffer).first(size); }
};

/// Cuts parts into chunks and leaves out memory that is known to be unpopulated.
class PartCursor {
  public:
    PartCursor(std::span<const CopyPart> parts, Progress& progress)
        : parts_(parts), progress_(progress) {}

    /// Returns false at the end.
    bool next(const guest::PageSource& pages, Chunk& chunk) {
        while (part_ < parts_.size()) {
            const CopyPart& part = parts_[part_];
            const guest::Gpa from{part.range.start.value + done_};
            if (done_ == extent_end_) look_ahead(pages, from, part.range.size - done_);
            if (populated_) {
                chunk.from = from;
                chunk.offset = part.offset + done_;
                chunk.size = chunk_size(from);
                advance(chunk.size);
                return true;
            }
            const uint64_t skipped = extent_end_ - done_;
            progress_.add(skipped);
            advance(skipped);
        }
        return false;
    }

  private:
    void look_ahead(const guest::PageSource& pages, guest::Gpa from, uint64_t left) {
        const guest::RamExtent extent = pages.extent(from, left);
        populated_ = extent.populated;
        extent_end_ = done_ + std::clamp<uint64_t>(extent.length, 1, left);
    }

    /// Ends at the next multiple of kChunk, so that chunks do not cut pages.
    size_t chunk_size(guest::Gpa from) const {
        return std::min(extent_end_ - done_, kChunk - from.value % kChunk);
    }

    void advance(uint64_t bytes) {
        done_ += bytes;
        if (done_ == parts_[part_].range.size) {
            ++part_;
            done_ = extent_end_ = 0;
        }
    }

    std::span<const CopyPart> parts_;
    Progress& progress_;
    size_t part_ = 0;
    uint64_t done_ = 0;        ///< bytes done of the current part
    uint64_t extent_end_ = 0;  ///< end of the current extent, in bytes of the current part
    bool populated_ = false;
};

/// Maximum number of threads; more are no faster. Each thread has two chunks, so this limits memory
/// use.
constexpr unsigned kMostThreads = 64;

/// Writes @chunk except for its zero pages.
Result<> write_data_runs(Chunk& chunk, uint32_t page_size, Sink& sink) {
    const std::span<const std::byte> bytes = chunk.bytes();
    size_t run = 0;  // start of the data not yet written
    size_t at = 0;
    while (at < bytes.size()) {
        const size_t in_page = (chunk.from.value + at) % page_size;
        const size_t size = std::min<size_t>(page_size - in_page, bytes.size() - at);
        if (util::all_zero(bytes.subspan(at, size))) {
            if (run < at) TRY(sink.write_at(chunk.offset + run, bytes.subspan(run, at - run)));
            run = at + size;
        }
        at += size;
    }
    if (run < at) TRY(sink.write_at(chunk.offset + run, bytes.subspan(run, at - run)));
    return {};
}

}  // namespace

Result<> copy_memory(std::span<const CopyPart> parts, uint32_t page_size, unsigned threads,
                     const guest::PageSource& pages, Sink& sink, Progress& progress) {
    threads = std::min(threads, kMostThreads);
    const size_t slots = size_t{threads} * 2;
    std::vector<Chunk> chunks(slots);
    for (Chunk& chunk : chunks) chunk.buffer = TRY(util::MappedArray<std::byte>::make(kChunk));
    PartCursor cursor(parts, progress);

    util::StagePlan plan;
    plan.begin_job = [&](size_t slot) -> Result<bool> {
        TRY(progress.check());
        return cursor.next(pages, chunks[slot]);
    };
    const auto read = [&](size_t slot) -> Result<> {
        return pages.read(chunks[slot].from, chunks[slot].bytes());
    };
    const auto write = [&](size_t slot) -> Result<> {
        TRY(write_data_runs(chunks[slot], page_size, sink));
        progress.add(chunks[slot].size);
        return {};
    };
    if (sink.random_access()) {
        plan.stages.push_back({util::Stage::Order::parallel, [&](size_t slot) -> Result<> {
                                   TRY(read(slot));
                                   return write(slot);
                               }});
    } else {
        plan.stages.push_back({util::Stage::Order::parallel, read});
        plan.stages.push_back({util::Stage::Order::in_order, write});
    }
    return util::run_stages(threads, slots, plan);
}

}  // namespace guestdump::dump
