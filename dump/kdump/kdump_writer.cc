// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/kdump_writer.h"

#include "dump/compress/compressor.h"
#include "dump/kdump/flattened_writer.h"
#include "dump/kdump/kdump_bitmap.h"
#include "dump/kdump/kdump_header.h"
#include "dump/kdump/kdump_layout.h"
#include "dump/kdump/kdump_pages.h"

namespace guestdump::dump {
namespace {

class KdumpWriter final : public VmcoreWriter {
  public:
    KdumpWriter(const Snapshot& snapshot, const Request& request, const KdumpLayout& layout,
                MemoryCheck check_memory)
        : snapshot_(snapshot),
          request_(request),
          layout_(layout),
          check_memory_(std::move(check_memory)) {}

    Result<> begin(Sink& sink, const Progress& progress) override {
        const Compression compression = request_.kdump()->compression;
        TRY(sink.write_at(0, kdump_header(snapshot_, compression, snapshot_.dump_level, layout_)));
        TRY(write_bitmap(sink, {layout_.bitmap1, layout_.bitmap_size()}, snapshot_.existing,
                         progress));
        return write_bitmap(sink, {layout_.bitmap2, layout_.bitmap_size()}, snapshot_.pages,
                            progress);
    }

    Result<> iterate(const guest::PageSource& pages, Sink& sink, Progress& progress) override {
        end_ = TRY(write_kdump_pages(snapshot_.pages, request_, layout_, pages, sink, progress,
                                     check_memory_));
        return {};
    }

    Result<> completed(Sink& sink) override { return sink.finish(end_); }

  private:
    const Snapshot& snapshot_;
    Request request_;
    KdumpLayout layout_;
    MemoryCheck check_memory_;
    uint64_t end_ = 0;
};

}  // namespace

Result<std::unique_ptr<VmcoreWriter>> make_kdump_writer(const Snapshot& snapshot,
                                                        const Request& request,
                                                        MemoryCheck check_memory) {
    const KdumpRequest& kdump = *request.kdump();
    TRY(check_compression(kdump.compression, kdump.level));
    KdumpLayout::Input input = KdumpLayout::Input::of(snapshot.arch);
    input.max_mapnr = snapshot.max_mapnr;
    input.page_count = snapshot.pages.count();
    input.note_size = snapshot.notes.size();
    const KdumpLayout layout = TRY(KdumpLayout::of(input));
    std::unique_ptr<VmcoreWriter> writer =
        std::make_unique<KdumpWriter>(snapshot, request, layout, std::move(check_memory));
    if (kdump.flattened) writer = make_flattened_writer(std::move(writer));
    return writer;
}

}  // namespace guestdump::dump
