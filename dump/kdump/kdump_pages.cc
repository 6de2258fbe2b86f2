// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/kdump_pages.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <vector>

#include "dump/compress/compressor.h"
#include "dump/compress/page_sample.h"
#include "dump/kdump/kdump_descriptors.h"
#include "dump/kdump/kdump_header.h"
#include "dump/kdump/page_chunk.h"
#include "dump/kdump/page_sharing.h"
#include "dump/kdump/page_worker_pool.h"
#include "util/ordered_stages.h"

namespace guestdump::dump {
namespace {

using Kind = PageChunk::Page::Kind;

/// Maximum number of chunks in the pipeline, 1 MiB each, for any number of threads: bounds memory.
constexpr size_t kMostSlots = 32;

/// At most one thread for each chunk and for each slot.
unsigned useful_threads(unsigned threads, uint64_t bytes) {
    const uint64_t chunks = bytes / ChunkCursor::kChunkBytes + 1;
    return static_cast<unsigned>(std::min<uint64_t>({threads, chunks, kMostSlots}));
}

size_t slots_for(unsigned threads) {
    return std::min<size_t>(threads + threads / 2 + 2, kMostSlots);
}

/// The steps of a chunk. decide() and place() run in page order, each on one thread at a time; the
/// others run on any thread.
class Pipeline {
  public:
    struct Parts {
        ChunkCursor cursor;
        PageWorkerPool workers;
        KdumpDescriptors descriptors;
        std::optional<SharingTable> sharing;
    };

    Pipeline(unsigned threads, const KdumpLayout& layout, Parts& parts, Sink& sink,
             Progress& progress)
        : threads_(threads),
          parts_(parts),
          sink_(sink),
          progress_(progress),
          page_size_(layout.page_size),
          chunk_bytes_(std::min(parts.cursor.pages_per_chunk(), layout.page_count) * page_size_),
          zero_page_{layout.pages, static_cast<uint32_t>(layout.page_size)},
          end_(layout.pages + layout.page_size),
          chunks_(slots_for(threads)) {
        assert((chunks_.size() + 1) * parts.cursor.pages_per_chunk() <= SharingTable::kLead);
    }

    /// Returns the offset of the end of the last page.
    Result<uint64_t> run() {
        for (PageChunk& chunk : chunks_)
            chunk.bytes = TRY(util::MappedArray<std::byte>::make(chunk_bytes_));
        TRY(sink_.write_at(zero_page_.offset, std::vector<std::byte>(page_size_)));
        TRY(util::run_stages(threads_, chunks_.size(), plan()));
        TRY(parts_.descriptors.flush());
        return end_;
    }

  private:
    util::StagePlan plan() {
        using Order = util::Stage::Order;
        const auto stage = [this](Order order, Result<> (Pipeline::*step)(PageChunk&)) {
            return util::Stage{order, [this, step](size_t slot) -> Result<> {
                                   return (this->*step)(chunks_[slot]);
                               }};
        };
        util::StagePlan plan{[this](size_t slot) { return begin(chunks_[slot]); }, {}};
        plan.stages.push_back(stage(Order::parallel, &Pipeline::read));
        if (parts_.sharing) plan.stages.push_back(stage(Order::in_order, &Pipeline::decide));
        plan.stages.push_back(stage(Order::parallel, &Pipeline::compress));
        if (sink_.random_access()) {
            plan.stages.push_back(stage(Order::in_order, &Pipeline::place));
            plan.stages.push_back(stage(Order::parallel, &Pipeline::write));
        } else {
            plan.stages.push_back(stage(Order::in_order, &Pipeline::place_and_write));
        }
        return plan;
    }

    Result<bool> begin(PageChunk& chunk) {
        TRY(progress_.check());
        return parts_.cursor.next(chunk);
    }

    Result<> read(PageChunk& chunk) {
        if (chunk.blank) return {};
        return parts_.workers.with_worker(
            [&](PageWorker& worker) { return worker.read(chunk, parts_.sharing.has_value()); });
    }

    Result<> decide(PageChunk& chunk) {
        if (chunk.blank) return {};
        for (uint64_t i = 0; i < chunk.count; ++i) {
            PageChunk::Page& page = chunk.pages[i];
            if (page.kind == Kind::zero) continue;
            if (const auto match = parts_.sharing->find(page.hash)) {
                page.kind = Kind::twin;
                page.position = match->position;
                page.twin_pfn = match->pfn;
            } else {
                page.remembered = true;
                page.position = parts_.sharing->remember(page.hash, chunk.first + i);
            }
        }
        return {};
    }

    Result<> compress(PageChunk& chunk) {
        if (chunk.blank) return {};
        return parts_.workers.with_worker(
            [&](PageWorker& worker) { return worker.compress(chunk, progress_); });
    }

    Result<> place(PageChunk& chunk) {
        if (chunk.blank) {
            TRY(parts_.descriptors.append(zero_page_, chunk.count));
        } else {
            TRY(place_pages(chunk));
        }
        progress_.add(chunk.count * page_size_);
        return {};
    }

    Result<> place_pages(PageChunk& chunk) {
        chunk.offset = end_;
        for (const PageChunk::Page& page : chunk.pages) {
            StoredPage stored = zero_page_;
            if (page.kind == Kind::own) {
                stored = {end_, page.size};
                end_ += page.size;
                if (page.remembered) parts_.sharing->set_stored(page.position, stored);
            } else if (page.kind == Kind::twin) {
                stored = parts_.sharing->stored(page.position);
            }
            TRY(parts_.descriptors.append(stored));
        }
        return {};
    }

    Result<> write(PageChunk& chunk) {
        if (chunk.blank || chunk.stored == 0) return {};
        return sink_.write_at(chunk.offset, std::span(chunk.bytes).first(chunk.stored));
    }

    /// For a sink that accepts one write at a time.
    Result<> place_and_write(PageChunk& chunk) {
        TRY(place(chunk));
        return write(chunk);
    }

    unsigned threads_;
    Parts& parts_;
    Sink& sink_;
    Progress& progress_;
    size_t page_size_;
    size_t chunk_bytes_;
    StoredPage zero_page_;
    uint64_t end_;  ///< offset of the next page
    std::vector<PageChunk> chunks_;
};

Result<std::vector<PageWorker>> make_workers(unsigned count, const KdumpRequest& request,
                                             const guest::PageSet& pages, size_t page_size,
                                             const guest::PageSource& source) {
    const auto sample = TRY(sample_pages(pages, page_size, source));
    std::unique_ptr<Compressor> first =
        TRY(Compressor::create({request.compression, request.level, page_size, sample}));
    std::vector<PageWorker> workers;
    for (unsigned i = 1; i < count; ++i) {
        std::unique_ptr<Compressor> another = TRY(first->clone());
        PageWorker worker = TRY(PageWorker::make(std::move(another), page_size, source));
        workers.push_back(std::move(worker));
    }
    PageWorker worker = TRY(PageWorker::make(std::move(first), page_size, source));
    workers.push_back(std::move(worker));
    return workers;
}

}  // namespace

Result<uint64_t> write_kdump_pages(const guest::PageSet& pages, const Request& request,
                                   const KdumpLayout& layout, const guest::PageSource& source,
                                   Sink& sink, Progress& progress,
                                   const MemoryCheck& check_memory) {
    const KdumpRequest& kdump = *request.kdump();
    const size_t page_size = layout.page_size;
    const unsigned threads =
        useful_threads(thread_count(request.threads), layout.page_count * page_size);
    std::vector<PageWorker> workers = TRY(make_workers(threads, kdump, pages, page_size, source));
    // Now, because compressors take up to 9 MiB a thread from the heap.
    TRY(check_memory());
    KdumpDescriptors descriptors =
        TRY(KdumpDescriptors::make(sink, layout, compression_flag(kdump.compression)));
    Pipeline::Parts parts{
        .cursor = ChunkCursor(pages, page_size, source),
        .workers = PageWorkerPool(std::move(workers)),
        .descriptors = std::move(descriptors),
        .sharing = std::nullopt,
    };
    // A page is compared with an earlier one before it refers to it, so the earlier one is read
    // again.
    if (kdump.share_pages && source.pages_stay())
        parts.sharing = TRY(SharingTable::make(layout.page_count));
    return Pipeline(threads, layout, parts, sink, progress).run();
}

}  // namespace guestdump::dump
