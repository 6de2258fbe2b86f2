// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump/flat_source.h"

#include <algorithm>
#include <cstring>
#include <queue>

#include "format/flattened.h"
#include "vmcore/kdump/flat_record.h"

namespace guestdump::vmcore {
namespace {

using StoredRange = FlatSource::StoredRange;

/// The records of a file, in file order.
struct Records {
    std::vector<StoredRange> ranges;
    bool cut_off = false;  ///< there is no end record
};

/// Adds what remains of the last record of a file that was cut off.
void add_cut_record(const StoredRange& whole, const ByteSource& file, Records& records) {
    StoredRange part = whole;
    part.size = file.size() - whole.stored;
    if (part.size > 0) records.ranges.push_back(part);
    records.cut_off = true;
}

Result<Records> read_records(const ByteSource& file, OpenOptions options) {
    Records records;
    for (uint64_t at = sizeof(format::FlatHeader);;) {
        if (options.partial && file.size() - at < sizeof(format::FlatRecord)) {
            records.cut_off = true;
            return records;
        }
        const auto record = TRY(read_struct<format::FlatRecord>(file, "a record's header", at));
        if (is_flat_end(record)) return records;
        TRY(check_flat_record(record, at, file.name()));
        at += sizeof record;
        const uint64_t size = record.size;
        const StoredRange range{.offset = record.offset, .size = size, .stored = at};
        if (options.partial && size > file.size() - at) {
            add_cut_record(range, file, records);
            return records;
        }
        TRY(check_inside(file, "a record", at, size));
        records.ranges.push_back(range);
        at += size;
    }
}

/// Orders records by their position in the file, because a later record hides an earlier one.
struct Hidden {
    bool operator()(const StoredRange& a, const StoredRange& b) const {
        return a.stored < b.stored;
    }
};

/// Adds [@from, @to) of @range, or extends the last range by it.
void add_part(std::vector<StoredRange>& out, const StoredRange& range, uint64_t from, uint64_t to) {
    const uint64_t stored = range.stored + (from - range.offset);
    if (!out.empty() && out.back().end() == from && out.back().stored + out.back().size == stored) {
        out.back().size += to - from;
    } else {
        out.push_back({.offset = from, .size = to - from, .stored = stored});
    }
}

/// Visits all starts and ends in order; between two of them the latest of the open records counts.
/// O(n log n). @sorted is sorted by offset.
std::vector<StoredRange> resolve_overlaps(const std::vector<StoredRange>& sorted) {
    std::vector<StoredRange> out;
    std::priority_queue<StoredRange, std::vector<StoredRange>, Hidden> open;
    uint64_t at = 0;
    for (size_t next = 0; next < sorted.size() || !open.empty();) {
        if (open.empty()) at = sorted[next].offset;
        while (next < sorted.size() && sorted[next].offset == at) open.push(sorted[next++]);
        const StoredRange top = open.top();
        const uint64_t stop =
            next < sorted.size() ? std::min(top.end(), sorted[next].offset) : top.end();
        add_part(out, top, at, stop);
        at = stop;
        while (!open.empty() && open.top().end() <= at) open.pop();
    }
    return out;
}

std::vector<StoredRange> disjoint(std::vector<StoredRange> ranges) {
    std::sort(ranges.begin(), ranges.end(),
              [](const StoredRange& a, const StoredRange& b) { return a.offset < b.offset; });
    const auto overlap = std::adjacent_find(
        ranges.begin(), ranges.end(),
        [](const StoredRange& a, const StoredRange& b) { return a.end() > b.offset; });
    return overlap == ranges.end() ? std::move(ranges) : resolve_overlaps(ranges);
}

}  // namespace

bool is_flattened(const ByteSource& source) {
    const auto header = read_struct<format::FlatHeader>(source, "the flattened header", 0);
    return header && has_flat_signature(*header);
}

FlatSource::FlatSource(std::shared_ptr<const ByteSource> file, std::vector<StoredRange> ranges,
                       bool cut_off)
    : file_(std::move(file)),
      ranges_(std::move(ranges)),
      size_(ranges_.empty() ? 0 : ranges_.back().end()),
      cut_off_(cut_off) {}

Result<std::shared_ptr<const FlatSource>> FlatSource::open(std::shared_ptr<const ByteSource> file,
                                                           OpenOptions options) {
    const auto header = TRY(read_struct<format::FlatHeader>(*file, "the flattened header", 0));
    TRY(check_flat_header(header, file->name()));
    Records records = TRY(read_records(*file, options));
    std::vector<StoredRange> ranges = disjoint(std::move(records.ranges));
    return std::shared_ptr<const FlatSource>(
        new FlatSource(std::move(file), std::move(ranges), records.cut_off));
}

Result<> FlatSource::read_at(uint64_t offset, std::span<std::byte> out) const {
    TRY(check_inside(*this, "a read", offset, out.size()));
    auto range = std::partition_point(ranges_.begin(), ranges_.end(),
                                      [&](const StoredRange& p) { return p.end() <= offset; });
    while (!out.empty()) {
        uint64_t take = out.size();
        if (range == ranges_.end() || range->offset > offset) {
            if (range != ranges_.end()) take = std::min(take, range->offset - offset);
            std::memset(out.data(), 0, take);
        } else {
            take = std::min(take, range->end() - offset);
            TRY(file_->read_at(range->stored + (offset - range->offset), out.first(take)));
            ++range;
        }
        out = out.subspan(take);
        offset += take;
    }
    return {};
}

guest::RamExtent FlatSource::extent(uint64_t offset, uint64_t limit) const {
    const auto range = std::partition_point(
        ranges_.begin(), ranges_.end(), [&](const StoredRange& p) { return p.end() <= offset; });
    if (range == ranges_.end()) return {.length = limit - offset, .populated = false};
    if (range->offset > offset) {
        return {.length = std::min(limit, range->offset) - offset, .populated = false};
    }
    return {.length = std::min(limit, range->end()) - offset, .populated = true};
}

}  // namespace guestdump::vmcore
