// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/translate.h"

#include <array>

#include "util/stored.h"

namespace guestdump::target_i386 {
namespace {

using guest::Gpa;

/// Entries of 4 and of 8 bytes, both as 8.
std::optional<uint64_t> read_entry(const guest::PageSource& memory, Gpa from, size_t size) {
    util::le64 entry;
    if (!memory.read(from, std::as_writable_bytes(std::span(&entry, 1)).first(size))) {
        return std::nullopt;
    }
    return uint64_t{entry};
}

}  // namespace

std::optional<Gpa> translate(const PagingMode& mode, Gpa root, guest::Gva address,
                             const guest::PageSource& memory) {
    if (mode.canonical(address.value) != address) return std::nullopt;
    Gpa table = root;
    for (size_t level = 0; level < mode.levels().size(); ++level) {
        const Level& shape = mode.levels()[level];
        const uint64_t index =
            (address.value >> shape.shift) & ((uint64_t{1} << shape.index_bits) - 1);
        const Gpa at = mode.on_bus(Gpa{table.value + index * shape.entry_bytes});
        const std::optional<uint64_t> bits = read_entry(memory, at, shape.entry_bytes);
        const Entry entry = bits ? mode.decode(level, *bits) : Entry{};
        if (entry.kind == Entry::Kind::absent) return std::nullopt;
        if (entry.kind == Entry::Kind::page) {
            const uint64_t offset = address.value & ((uint64_t{1} << shape.shift) - 1);
            return mode.on_bus(Gpa{entry.address.value + offset});
        }
        table = entry.address;
    }
    return std::nullopt;  // not reached: an entry of the last level is absent or a page
}

}  // namespace guestdump::target_i386
