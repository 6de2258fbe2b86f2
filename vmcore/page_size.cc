// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/page_size.h"

#include <algorithm>
#include <bit>
#include <charconv>

#include "linux/vmcoreinfo.h"
#include "util/as_text.h"
#include "vmcore/contents.h"

namespace guestdump::vmcore {

std::optional<uint32_t> page_size_of(const NoteList& notes) {
    const auto note = std::find_if(notes.notes.begin(), notes.notes.end(),
                                   [](const Note& one) { return one.name == "VMCOREINFO"; });
    if (note == notes.notes.end()) return std::nullopt;
    const linux_guest::Vmcoreinfo vmcoreinfo(std::string(util::as_text(note->descriptor)));
    const auto text = vmcoreinfo.value("PAGESIZE");
    uint32_t size = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), size).ec != std::errc{})
        return std::nullopt;
    const bool possible =
        std::has_single_bit(size) && size >= kLeastPageSize && size <= kMostPageSize;
    return possible ? std::optional(size) : std::nullopt;
}

}  // namespace guestdump::vmcore
