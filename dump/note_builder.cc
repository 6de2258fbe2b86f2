// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/note_builder.h"

#include "util/stored.h"

namespace dump {

void NoteBuilder::append(std::string_view name, uint32_t type,
                         std::span<const std::byte> descriptor) {
    const std::array<util::le32, 3> header = {
        static_cast<uint32_t>(name.size() + 1),
        static_cast<uint32_t>(descriptor.size()),
        type,
    };
    append_raw(util::bytes_of(header));
    append_raw(std::as_bytes(std::span(name)));
    // The NUL: padding gives it, unless the name fills its words.
    if (name.size() % kAlignment == 0) bytes_.resize(bytes_.size() + kAlignment);
    append_raw(descriptor);
}

void NoteBuilder::append_raw(std::span<const std::byte> note) {
    bytes_.insert(bytes_.end(), note.begin(), note.end());
    bytes_.resize((bytes_.size() + kAlignment - 1) / kAlignment * kAlignment);
}

}  // namespace dump
