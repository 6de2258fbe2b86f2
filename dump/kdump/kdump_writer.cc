// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/kdump_writer.h"

#include "dump/compress/compressor.h"
#include "dump/kdump/flattened_writer.h"
#include "dump/kdump/kdump_bitmap.h"
#include "dump/kdump/kdump_header.h"
#include "dump/kdump/kdump_layout.h"
#include "dump/kdump/kdump_pages.h"
#include "dump/kdump/page_runs.h"
#include "format/kdump.h"

namespace guestdump::dump {
namespace {

/// As QEMU and makedumpfile -d 1 say it, though zero pages are all there. Of a part of memory it
/// would say that what is missing is zero.
uint32_t dump_level_of(const Snapshot& snapshot) {
    const bool is_whole = snapshot.blocks.total_bytes() == snapshot.memory.total_bytes();
    return is_whole ? format::kDumpLevelExcludeZero : 0;
}

class KdumpWriter final : public VmcoreWriter {
  public:
    KdumpWriter(const Snapshot& snapshot, const KdumpRequest& request, const KdumpLayout& layout,
                MemoryCheck check_memory)
        : snapshot_(snapshot),
          request_(request),
          layout_(layout),
          check_memory_(std::move(check_memory)),
          memory_(page_runs(snapshot.memory, layout.page_size)),
          dumped_(page_runs(snapshot.blocks, layout.page_size)) {}

    Result<> begin(Sink& sink) override {
        TRY(sink.write_at(
            0, kdump_header(snapshot_, request_.compression, dump_level_of(snapshot_), layout_)));
        TRY(write_bitmap(sink, layout_.bitmap1, layout_.bitmap_size(), memory_));
        return write_bitmap(sink, layout_.bitmap2, layout_.bitmap_size(), dumped_);
    }

    Result<> iterate(const guest::PageSource& pages, Sink& sink, Progress& progress) override {
        end_ = TRY(
            write_kdump_pages(dumped_, request_, layout_, pages, sink, progress, check_memory_));
        return {};
    }

    Result<> completed(Sink& sink) override { return sink.finish(end_); }

  private:
    const Snapshot& snapshot_;
    KdumpRequest request_;
    KdumpLayout layout_;
    MemoryCheck check_memory_;
    std::vector<PfnRun> memory_;  ///< bitmap 1: what the guest has
    std::vector<PfnRun> dumped_;  ///< bitmap 2: what the file has
    uint64_t end_ = 0;
};

}  // namespace

Result<std::unique_ptr<VmcoreWriter>> make_kdump_writer(const Snapshot& snapshot,
                                                        const KdumpRequest& request,
                                                        MemoryCheck check_memory) {
    TRY(check_compression(request.compression, request.level));
    const uint64_t page_size = snapshot.arch.page_size;
    const KdumpLayout layout =
        TRY(KdumpLayout::of({.elf_class = snapshot.arch.elf_class,
                             .page_size = page_size,
                             .max_mapnr = snapshot.memory.last().value / page_size + 1,
                             .page_count = count_pages(page_runs(snapshot.blocks, page_size)),
                             .note_size = snapshot.notes.size()}));
    std::unique_ptr<VmcoreWriter> writer =
        std::make_unique<KdumpWriter>(snapshot, request, layout, std::move(check_memory));
    if (request.flattened) writer = make_flattened_writer(std::move(writer));
    return writer;
}

}  // namespace guestdump::dump
