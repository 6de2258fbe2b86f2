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

/// Sets the bits of @runs that lie in @piece, whose bit 0 is page frame @base; takes off the runs
/// that end there.
void fill_piece(std::span<std::byte> piece, uint64_t base, std::span<const PfnRun>& runs) {
    const uint64_t limit = base + 8 * piece.size();
    for (; !runs.empty() && runs.front().first < limit; runs = runs.subspan(1)) {
        const PfnRun& run = runs.front();
        set_bits(piece, std::max(run.first, base) - base, std::min(run.end, limit) - base);
        if (run.end > limit) return;
    }
}

}  // namespace

util::Result<> write_bitmap(Sink& sink, uint64_t offset, uint64_t size,
                            std::span<const PfnRun> runs) {
    auto buffer = TRY(util::MappedArray<std::byte>::make(std::min(size, kPieceBytes)));
    for (uint64_t at = 0; at < size; at += buffer.size()) {
        const auto piece = std::span(buffer).first(std::min<uint64_t>(buffer.size(), size - at));
        // Between a guest's first terabytes and one page at the end of the addresses there may be
        // more zeros than the disk holds.
        const bool is_empty = runs.empty() || runs.front().first >= 8 * (at + piece.size());
        if (is_empty && sink.random_access()) continue;
        std::fill(piece.begin(), piece.end(), std::byte{0});
        fill_piece(piece, 8 * at, runs);
        TRY(sink.write_at(offset + at, piece));
    }
    return {};
}

}  // namespace guestdump::dump
