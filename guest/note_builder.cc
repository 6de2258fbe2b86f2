// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/note_builder.h"

#include "format/elf.h"
#include "util/stored.h"

namespace guestdump::guest {

void NoteBuilder::append(std::string_view name, uint32_t type,
                         std::span<const std::byte> descriptor) {
    append_header(name.size() + 1, descriptor.size(), type);
    append_raw(std::as_bytes(std::span(name)));
    // The NUL of the name. Padding provides it, unless the name's length is a multiple of 4.
    if (name.size() % kAlignment == 0) bytes_.resize(bytes_.size() + kAlignment);
    append_raw(descriptor);
}

void NoteBuilder::append_vbox(std::string_view name, uint32_t type,
                              std::span<const std::byte> descriptor) {
    constexpr size_t kVboxAlignment = 8;
    const auto append_padded = [this](std::span<const std::byte> part) {
        append_raw(part);
        const size_t padded = (part.size() + kVboxAlignment - 1) / kVboxAlignment * kVboxAlignment;
        const size_t raw = (part.size() + kAlignment - 1) / kAlignment * kAlignment;
        bytes_.resize(bytes_.size() + (padded - raw));
    };
    append_header(name.size(), descriptor.size(), type);
    append_padded(std::as_bytes(std::span(name)));
    append_padded(descriptor);
}

void NoteBuilder::append_header(size_t name_size, size_t descriptor_size, uint32_t type) {
    const auto name = static_cast<uint32_t>(name_size);
    const auto descriptor = static_cast<uint32_t>(descriptor_size);
    if (order_ == std::endian::big) {
        append_raw(util::bytes_of(format::NhdrIn<std::endian::big>{name, descriptor, type}));
    } else {
        append_raw(util::bytes_of(format::Nhdr{name, descriptor, type}));
    }
}

void NoteBuilder::append_raw(std::span<const std::byte> note) {
    bytes_.insert(bytes_.end(), note.begin(), note.end());
    bytes_.resize((bytes_.size() + kAlignment - 1) / kAlignment * kAlignment);
}

}  // namespace guestdump::guest
