// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/elf/note_list.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

#include "format/elf.h"
#include "util/text.h"

namespace guestdump::vmcore {
namespace {

uint64_t padded(uint64_t size) {
    return (size + format::kNoteAlign - 1) / format::kNoteAlign * format::kNoteAlign;
}

std::string_view name_of(std::span<const std::byte> bytes) {
    const std::string_view name(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return name.substr(0, name.find('\0'));
}

template <std::endian O>
NoteList split(std::span<const std::byte> payload) {
    NoteList list;
    for (uint64_t at = 0; payload.size() - at >= sizeof(format::Nhdr);) {
        const std::span<const std::byte> rest = payload.subspan(at);
        format::NhdrIn<O> header;
        std::memcpy(&header, rest.data(), sizeof header);
        // Sums of 32-bit numbers fit into 64 bits.
        const uint64_t descriptor_at = sizeof header + padded(header.namesz);
        const uint64_t end = descriptor_at + header.descsz;
        if (end > rest.size()) {
            list.damage = util::text("the note at %" PRIu64 " of the notes claims %" PRIu64
                                     " bytes, %zu are left",
                                     at, end, rest.size());
            break;
        }
        if (header.namesz != 0 || header.descsz != 0) {
            list.notes.push_back({.name = name_of(rest.subspan(sizeof header, header.namesz)),
                                  .type = header.type,
                                  .descriptor = rest.subspan(descriptor_at, header.descsz),
                                  .whole = rest.first(end)});
        }
        at += std::min<uint64_t>(padded(end), rest.size());
    }
    return list;
}

}  // namespace

NoteList split_notes(std::span<const std::byte> payload, std::endian order) {
    return order == std::endian::big ? split<std::endian::big>(payload)
                                     : split<std::endian::little>(payload);
}

}  // namespace guestdump::vmcore
