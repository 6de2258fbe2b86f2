// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/kdump_bitmap.h"

#include <algorithm>
#include <cstddef>

#include "util/mapped_array.h"

namespace guestdump::dump {
namespace {

constexpr uint64_t kPieceBytes = uint64_t{1} << 20;

/// Sets bits [first, end), counted from the start of @piece.
void set_bits(std::span<std::byte> piece, uint64_t first, uint64_t end) {
    for (; first < end && first % 8 != 0; ++first) piece[first / 8] |= std::byte{1} << first % 8;
    for (; first < end && end % 8 != 0; --end) {
        piece[(end - 1) / 8] |= std::byte{1} << (end - 1) % 8;
    }
    std::fill(piece.begin() + static_cast<ptrdiff_t>(first / 8),
              piece.begin() + static_cast<ptrdiff_t>(end / 8), std::byte{0xff});
}

/// Sets the bits of @pages that lie in @piece, whose bit 0 is page frame @base.
void fill_piece(std::span<std::byte> piece, uint64_t base, const guest::PageSet& pages) {
    const uint64_t limit = base + 8 * piece.size();
    for (auto run = pages.next_run(base); run && run->first < limit;
         run = pages.next_run(run->end)) {
        set_bits(piece, run->first - base, std::min(run->end, limit) - base);
    }
}

/// True if no page of @pages lies in [@base, @limit).
bool is_empty(const guest::PageSet& pages, uint64_t base, uint64_t limit) {
    const auto run = pages.next_run(base);
    return !run || run->first >= limit;
}

}  // namespace

Result<> write_bitmap(Sink& sink, const BitmapPlace& place, const guest::PageSet& pages,
                      const Progress& progress) {
    auto buffer = TRY(util::MappedArray<std::byte>::make(std::min(place.size, kPieceBytes)));
    for (uint64_t at = 0; at < place.size; at += buffer.size()) {
        TRY(progress.check());
        const auto piece =
            std::span(buffer).first(std::min<uint64_t>(buffer.size(), place.size - at));
        // The gap between a guest's first terabytes and a page at the end of the address space may
        // need more zeros than the disk has room for.
        if (sink.gaps_are_free() && is_empty(pages, 8 * at, 8 * (at + piece.size()))) continue;
        std::fill(piece.begin(), piece.end(), std::byte{0});
        fill_piece(piece, 8 * at, pages);
        TRY(sink.write_at(place.offset + at, piece));
    }
    return {};
}

uint64_t unwritten_bytes(uint64_t size, const guest::PageSet& pages) {
    uint64_t bytes = 0;
    for (uint64_t at = 0; at < size; at += kPieceBytes) {
        const uint64_t piece = std::min(kPieceBytes, size - at);
        if (is_empty(pages, 8 * at, 8 * (at + piece))) bytes += piece;
    }
    return bytes;
}

}  // namespace guestdump::dump
