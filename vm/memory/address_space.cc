// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/memory/address_space.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "util/result.h"

namespace guestdump::vm {

namespace {

bool starts_before(const MappedMemory& piece, Gpa gpa) {
    return piece.range.start < gpa;
}

Error overlap_error(const GpaRange& a, const GpaRange& b) {
    return Error::make("memory at 0x%" PRIx64 "-0x%" PRIx64 " overlaps memory at 0x%" PRIx64
                       "-0x%" PRIx64,
                       a.start.value, a.last(), b.start.value, b.last());
}

}  // namespace

Result<> AddressSpace::add(MappedMemory piece) {
    const uint64_t room = piece.region->size();
    if (piece.offset > room || piece.range.size > room - piece.offset) {
        return Error::make("0x%" PRIx64 " bytes at offset 0x%" PRIx64
                           " of '%.*s' end beyond its 0x%" PRIx64 " bytes",
                           piece.range.size, piece.offset,
                           static_cast<int>(piece.region->name().size()),
                           piece.region->name().data(), room);
    }
    const auto next =
        std::lower_bound(pieces_.begin(), pieces_.end(), piece.range.start, starts_before);
    if (next != pieces_.end() && next->range.overlap(piece.range)) {
        return overlap_error(piece.range, next->range);
    }
    if (next != pieces_.begin() && std::prev(next)->range.overlap(piece.range)) {
        return overlap_error(piece.range, std::prev(next)->range);
    }
    pieces_.insert(next, std::move(piece));
    return {};
}

guest::GuestPhysBlockList AddressSpace::dumpable() const {
    guest::GuestPhysBlockList blocks;
    for (const MappedMemory& piece : pieces_) {
        if (piece.kind != MemoryKind::ram && piece.kind != MemoryKind::rom) continue;
        const Result<> added =
            blocks.add({.range = piece.range, .region = piece.region, .offset = piece.offset});
        assert(added);  // add() has checked this already
    }
    return blocks;
}

Result<> AddressSpace::load(Gpa to, std::span<const std::byte> data) const {
    if (data.empty()) return {};
    const GpaRange whole = TRY(GpaRange::make(to, data.size()));
    uint64_t covered = 0;
    for (const MappedMemory& piece : pieces_) {
        const auto part = piece.range.overlap(whole);
        if (part && piece.host) covered += part->size;
    }
    if (covered != whole.size) {
        return Error::make("0x%" PRIx64 " of the 0x%" PRIx64 " bytes at 0x%" PRIx64
                           " have no guest memory to go to",
                           whole.size - covered, whole.size, to.value);
    }
    for (const MappedMemory& piece : pieces_) {
        const auto part = piece.range.overlap(whole);
        if (!part) continue;
        std::memcpy(piece.host + (part->start.value - piece.range.start.value),
                    data.data() + (part->start.value - to.value), part->size);
    }
    return {};
}

}  // namespace guestdump::vm
