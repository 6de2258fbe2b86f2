// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/translate.h"

#include <array>

#include "util/stored.h"

namespace guestdump::target_i386 {
namespace {

using guest::Gpa;

/// Reads an entry of 4 or 8 bytes.
std::optional<uint64_t> read_entry(const guest::PageSource& memory, Gpa from, size_t size) {
    util::le64 entry;
    if (!memory.read(from, std::as_writable_bytes(std::span(&entry, 1)).first(size))) {
        return std::nullopt;
    }
    return uint64_t{entry};
}

}  // namespace

guest::PageWalk walk_to(const PagingMode& mode, Gpa root, guest::Gva address,
                        const guest::PageSource& memory) {
    guest::PageWalk walk;
    if (mode.canonical(address.value) != address) return walk;
    Gpa table = root;
    for (size_t level = 0; level < mode.levels().size(); ++level) {
        const Level& shape = mode.levels()[level];
        const uint64_t index =
            (address.value >> shape.shift) & ((uint64_t{1} << shape.index_bits) - 1);
        const Gpa at = mode.on_bus(Gpa{table.value + index * shape.entry_bytes});
        const std::optional<uint64_t> bits = read_entry(memory, at, shape.entry_bytes);
        const Entry entry = bits ? mode.decode(level, *bits) : Entry{};
        if (bits) walk.tables[walk.table_count++] = mode.on_bus(table);
        if (entry.kind == Entry::Kind::table) {
            table = entry.address;
            continue;
        }
        walk.size = uint64_t{1} << shape.shift;
        if (entry.kind == Entry::Kind::page) {
            const uint64_t offset = address.value & (walk.size - 1);
            walk.phys = mode.on_bus(Gpa{entry.address.value + offset});
        }
        return walk;
    }
    return walk;  // not reached: an entry of the last level is absent or a page
}

std::optional<Gpa> translate(const PagingMode& mode, Gpa root, guest::Gva address,
                             const guest::PageSource& memory) {
    return walk_to(mode, root, address, memory).phys;
}

}  // namespace guestdump::target_i386
