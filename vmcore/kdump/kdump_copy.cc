// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump/kdump_copy.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "dump/kdump/flattened_writer.h"
#include "dump/kdump/kdump_bitmap.h"
#include "dump/kdump/kdump_descriptors.h"
#include "dump/kdump/kdump_header.h"
#include "util/mapped_array.h"
#include "util/ordered_stages.h"
#include "vmcore/kdump/kdump_reader.h"

namespace guestdump::vmcore {
namespace {

/// Bytes that are read and written at once: one record of a flattened file.
constexpr uint64_t kCopyBuffer = uint64_t{1} << 20;

/// Limit on the pieces in flight, which limits the memory.
constexpr unsigned kMostThreads = 16;

/// Bytes [begin, end) of the file.
struct PageData {
    uint64_t begin = 0, end = 0;
    uint64_t size() const { return end - begin; }
};

/// True if readers accept @page, which must be stored raw or with @flag, inside @data.
bool is_sound(const format::PageDesc& page, uint32_t page_size, uint32_t flag, PageData data) {
    const bool raw = page.size == page_size && page.flags == format::kPageRaw;
    const bool compressed = page.size > 0 && page.size < page_size && page.flags == flag;
    return (raw || compressed) && page.offset >= data.begin && page.offset <= data.end &&
           page.size <= data.end - page.offset;
}

/// Returns where all pages lie, if they are stored with @flag and can be copied unchanged.
Result<std::optional<PageData>> find_page_data(const KdumpFile& file, uint32_t flag) {
    const KdumpRegion& region = *file.region;
    const uint32_t page_size = file.header.page_size;
    const PageData whole{region.page_data(), std::max(region.page_data(), region.source().size())};
    PageData used{whole.begin, whole.begin};
    bool sound = true;
    TRY(region.for_each_descriptor([&](uint64_t, const format::PageDesc& page) -> Result<> {
        sound = sound && is_sound(page, page_size, flag, whole);
        if (sound) used.end = std::max(used.end, page.offset + page.size);
        return {};
    }));
    // The zero page may be stored in addition to the pages. Any more belongs to no page, and in a
    // sparse file may be of any size.
    if (!sound || used.size() > (region.stored().pages() + 1) * page_size) {
        return std::optional<PageData>();
    }
    return std::optional(used);
}

guest::PageSet set_of(const PageBitmap& pages) {
    std::vector<guest::PfnRun> runs;
    for (const BitmapRun& run : pages.view()) runs.push_back({run.first, run.end()});
    return guest::PageSet::of(std::move(runs));
}

class KdumpCopy final : public dump::VmcoreWriter {
  public:
    KdumpCopy(const KdumpFile& file, const dump::Snapshot& snapshot, const dump::Request& request,
              const dump::KdumpLayout& layout, PageData data)
        : file_(file), snapshot_(snapshot), request_(request), layout_(layout), data_(data) {}

    Result<> begin(dump::Sink& sink, const dump::Progress& progress) override {
        TRY(sink.write_at(0, kdump_header(snapshot_, request_.kdump()->compression,
                                          file_.header.dump_level, layout_)));
        TRY(write_bitmap(sink, {layout_.bitmap1, layout_.bitmap_size()}, set_of(file_.existing),
                         progress));
        TRY(write_bitmap(sink, {layout_.bitmap2, layout_.bitmap_size()},
                         set_of(file_.region->stored()), progress));
        return write_descriptors(sink, progress);
    }

    /// Reports progress in proportion to the copied bytes, because pages are not looked at.
    Result<> iterate(const guest::PageSource&, dump::Sink& sink,
                     dump::Progress& progress) override {
        const unsigned threads = std::min(dump::thread_count(request_.threads), kMostThreads);
        std::vector<CopyBuffer> buffers(size_t{threads} * 2);
        for (CopyBuffer& buffer : buffers) {
            buffer.storage =
                TRY(util::MappedArray<std::byte>::make(std::min(kCopyBuffer, data_.size())));
        }
        uint64_t next = 0;  // bytes from the start of the data
        util::StagePlan plan;
        plan.begin_job = [&](size_t slot) -> Result<bool> {
            TRY(progress.check());
            buffers[slot].at = next;
            buffers[slot].size = std::min(kCopyBuffer, data_.size() - next);
            next += buffers[slot].size;
            return buffers[slot].size > 0;
        };
        const auto read = [&](size_t slot) { return read_data(buffers[slot]); };
        const auto write = [&](size_t slot) { return write_data(buffers[slot], sink, progress); };
        const auto order =
            sink.random_access() ? util::Stage::Order::parallel : util::Stage::Order::in_order;
        plan.stages = {{util::Stage::Order::parallel, read}, {order, write}};
        return util::run_stages(threads, buffers.size(), plan);
    }

    Result<> completed(dump::Sink& sink) override {
        return sink.finish(layout_.pages + data_.size());
    }

  private:
    struct CopyBuffer {
        uint64_t at = 0;  ///< bytes from the start of the data
        uint64_t size = 0;
        util::MappedArray<std::byte> storage;

        std::span<std::byte> bytes() { return std::span(storage).first(size); }
    };

    Result<> write_descriptors(dump::Sink& sink, const dump::Progress& progress) const {
        const uint32_t flag = dump::compression_flag(request_.kdump()->compression);
        auto descriptors = TRY(dump::KdumpDescriptors::make(sink, layout_, flag));
        const auto append = [&](uint64_t, const format::PageDesc& page) -> Result<> {
            TRY(progress.check());
            return descriptors.append({page.offset - data_.begin + layout_.pages, page.size});
        };
        TRY(file_.region->for_each_descriptor(append));
        return descriptors.flush();
    }

    Result<> read_data(CopyBuffer& buffer) const {
        return file_.region->source().read_at(data_.begin + buffer.at, buffer.bytes());
    }

    Result<> write_data(CopyBuffer& buffer, dump::Sink& sink, dump::Progress& progress) const {
        TRY(sink.write_at(layout_.pages + buffer.at, buffer.bytes()));
        progress.add(told_at(buffer.at + buffer.size) - told_at(buffer.at));
        return {};
    }

    /// Returns the bytes of guest memory that correspond to the first @done bytes of the data.
    uint64_t told_at(uint64_t done) const {
        const double share = static_cast<double>(done) / static_cast<double>(data_.size());
        return static_cast<uint64_t>(share * static_cast<double>(snapshot_.total_bytes()));
    }

    const KdumpFile& file_;
    const dump::Snapshot& snapshot_;
    dump::Request request_;
    dump::KdumpLayout layout_;
    PageData data_;
};

}  // namespace

bool wants_stored_pages(const dump::Request& request) {
    return !request.kdump()->level && !request.only &&
           request.exclude == linux_guest::Exclusion{} && request.kdump()->share_pages;
}

bool is_stored_as_requested(const KdumpFile& file, const dump::Request& request) {
    return file.header.status == dump::compression_flag(request.kdump()->compression);
}

Result<std::unique_ptr<dump::VmcoreWriter>> make_kdump_copy(const Vmcore& vmcore,
                                                            const dump::Snapshot& snapshot,
                                                            const dump::Request& request) {
    std::unique_ptr<dump::VmcoreWriter> writer;
    const KdumpFile* file = vmcore.kdump();
    if (!file || !request.kdump() || !wants_stored_pages(request) ||
        !is_stored_as_requested(*file, request)) {
        return writer;
    }
    const uint32_t flag = dump::compression_flag(request.kdump()->compression);
    const std::optional<PageData> data = TRY(find_page_data(*file, flag));
    if (!data) return writer;
    dump::KdumpLayout::Input input = dump::KdumpLayout::Input::of(snapshot.arch);
    input.page_size = file->header.page_size;
    input.max_mapnr = file->header.max_mapnr;
    input.page_count = file->region->stored().pages();
    input.note_size = snapshot.notes.size();
    const dump::KdumpLayout layout = TRY(dump::KdumpLayout::of(input));
    writer = std::make_unique<KdumpCopy>(*file, snapshot, request, layout, *data);
    if (request.kdump()->flattened) writer = dump::make_flattened_writer(std::move(writer));
    return writer;
}

}  // namespace guestdump::vmcore
