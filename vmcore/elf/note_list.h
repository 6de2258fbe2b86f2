// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace guestdump::vmcore {

/// One note of a PT_NOTE. Views into the payload it was found in.
struct Note {
    std::string_view name;  ///< without its NUL
    uint32_t type = 0;
    std::span<const std::byte> descriptor;
    std::span<const std::byte>
        whole;  ///< header, name and descriptor, padding between them included
};

struct NoteList {
    std::vector<Note> notes;
    /// What is wrong behind the last of them. A guest may hand over a note with wrong sizes; that
    /// must not keep anyone from the rest of the dump.
    std::optional<std::string> damage;
};

/// Splits the payload of a PT_NOTE. Empty notes, with which a kernel fills up, are left out.
/// @payload must outlive the list.
NoteList split_notes(std::span<const std::byte> payload);

}  // namespace guestdump::vmcore
