// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace guestdump::vmcore {

/// One note of a PT_NOTE. Its members point into the payload that was split.
struct Note {
    std::string_view name;  ///< without its NUL
    uint32_t type = 0;
    std::span<const std::byte> descriptor;
    std::span<const std::byte>
        whole;  ///< header, name and descriptor, including the padding between them
};

struct NoteList {
    std::vector<Note> notes;
    /// What is wrong after the last of the notes. A guest may pass a note with wrong sizes; the
    /// rest of the dump must remain readable.
    std::optional<std::string> damage;
};

/// Splits the payload of a PT_NOTE. Empty notes, which kernels use as padding, are left out.
/// @payload must outlive the list. @order: byte order of the headers.
NoteList split_notes(std::span<const std::byte> payload, std::endian order = std::endian::little);

}  // namespace guestdump::vmcore
