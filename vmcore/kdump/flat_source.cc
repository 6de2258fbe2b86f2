// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump/flat_source.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>
#include <queue>

#include "format/flattened.h"

namespace guestdump::vmcore {
namespace {

using Piece = FlatSource::Piece;

/// Offsets in the carried file must be valid file offsets. [POSIX off_t]
constexpr uint64_t kMaxEnd = INT64_MAX;

/// What the type says is in it, so that a newer file is not taken for garbage.
Result<> check_header(const ByteSource& file) {
    const auto header = TRY(read_struct<format::FlatHeader>(file, "the flattened header", 0));
    if (header.type != format::kFlatType || header.version != format::kFlatVersion) {
        return Error::make("'%s': flattened type %" PRIu64 " version %" PRIu64
                           ", where type %" PRIu64 " version %" PRIu64 " is known",
                           file.name().c_str(), uint64_t{header.type}, uint64_t{header.version},
                           format::kFlatType, format::kFlatVersion);
    }
    return {};
}

/// In the order of the file.
Result<std::vector<Piece>> read_records(const ByteSource& file) {
    std::vector<Piece> pieces;
    for (uint64_t at = sizeof(format::FlatHeader);;) {
        const auto record = TRY(read_struct<format::FlatRecord>(file, "a record's header", at));
        const uint64_t offset = record.offset, size = record.size;
        if (offset == format::kFlatEnd && size == format::kFlatEnd) return pieces;
        at += sizeof record;
        if (size == 0 || size > kMaxEnd || offset > kMaxEnd - size) {
            return Error::make("'%s': the record at offset %" PRIu64 " has size %" PRId64
                               " and offset %" PRId64,
                               file.name().c_str(), at - sizeof record, static_cast<int64_t>(size),
                               static_cast<int64_t>(offset));
        }
        TRY(check_inside(file, "a record", at, size));
        pieces.push_back({.offset = offset, .size = size, .stored = at});
        at += size;
    }
}

/// True where the later record hides the other; records' data lies in the order in which they came.
struct Hidden {
    bool operator()(const Piece& a, const Piece& b) const { return a.stored < b.stored; }
};

/// Adds [@from, @to) of @piece, or makes the last piece longer by it.
void add_part(std::vector<Piece>& out, const Piece& piece, uint64_t from, uint64_t to) {
    const uint64_t stored = piece.stored + (from - piece.offset);
    if (!out.empty() && out.back().end() == from && out.back().stored + out.back().size == stored) {
        out.back().size += to - from;
    } else {
        out.push_back({.offset = from, .size = to - from, .stored = stored});
    }
}

/// Walks over all starts and ends; of the records that are open between two of them the latest
/// counts. O(n log n). @sorted by offset.
std::vector<Piece> resolve_overlaps(const std::vector<Piece>& sorted) {
    std::vector<Piece> out;
    std::priority_queue<Piece, std::vector<Piece>, Hidden> open;
    uint64_t at = 0;
    for (size_t next = 0; next < sorted.size() || !open.empty();) {
        if (open.empty()) at = sorted[next].offset;
        while (next < sorted.size() && sorted[next].offset == at) open.push(sorted[next++]);
        const Piece top = open.top();
        const uint64_t stop =
            next < sorted.size() ? std::min(top.end(), sorted[next].offset) : top.end();
        add_part(out, top, at, stop);
        at = stop;
        while (!open.empty() && open.top().end() <= at) open.pop();
    }
    return out;
}

std::vector<Piece> disjoint(std::vector<Piece> pieces) {
    std::sort(pieces.begin(), pieces.end(),
              [](const Piece& a, const Piece& b) { return a.offset < b.offset; });
    const auto overlap =
        std::adjacent_find(pieces.begin(), pieces.end(),
                           [](const Piece& a, const Piece& b) { return a.end() > b.offset; });
    return overlap == pieces.end() ? std::move(pieces) : resolve_overlaps(pieces);
}

}  // namespace

bool is_flattened(const ByteSource& source) {
    const auto header = read_struct<format::FlatHeader>(source, "the flattened header", 0);
    if (!header) return false;
    std::array<char, 16> signature{};
    std::copy_n(format::kFlatSignature.data(), format::kFlatSignature.size(), signature.begin());
    return header->signature == signature;
}

FlatSource::FlatSource(std::shared_ptr<const ByteSource> file, std::vector<Piece> pieces)
    : file_(std::move(file)),
      pieces_(std::move(pieces)),
      size_(pieces_.empty() ? 0 : pieces_.back().end()) {}

Result<std::shared_ptr<const FlatSource>> FlatSource::open(std::shared_ptr<const ByteSource> file) {
    TRY(check_header(*file));
    std::vector<Piece> pieces = TRY(read_records(*file));
    pieces = disjoint(std::move(pieces));
    return std::shared_ptr<const FlatSource>(new FlatSource(std::move(file), std::move(pieces)));
}

Result<> FlatSource::read_at(uint64_t offset, std::span<std::byte> out) const {
    TRY(check_inside(*this, "a read", offset, out.size()));
    auto piece = std::partition_point(pieces_.begin(), pieces_.end(),
                                      [&](const Piece& p) { return p.end() <= offset; });
    while (!out.empty()) {
        uint64_t take = out.size();
        if (piece == pieces_.end() || piece->offset > offset) {
            if (piece != pieces_.end()) take = std::min(take, piece->offset - offset);
            std::memset(out.data(), 0, take);
        } else {
            take = std::min(take, piece->end() - offset);
            TRY(file_->read_at(piece->stored + (offset - piece->offset), out.first(take)));
            ++piece;
        }
        out = out.subspan(take);
        offset += take;
    }
    return {};
}

guest::RamExtent FlatSource::extent(uint64_t offset, uint64_t limit) const {
    const auto piece = std::partition_point(pieces_.begin(), pieces_.end(),
                                            [&](const Piece& p) { return p.end() <= offset; });
    if (piece == pieces_.end()) return {.length = limit - offset, .populated = false};
    if (piece->offset > offset) {
        return {.length = std::min(limit, piece->offset) - offset, .populated = false};
    }
    return {.length = std::min(limit, piece->end()) - offset, .populated = true};
}

}  // namespace guestdump::vmcore
