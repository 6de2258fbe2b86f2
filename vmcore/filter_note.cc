// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/filter_note.h"

#include <algorithm>
#include <cstring>

#include "format/filter_note.h"

namespace guestdump::vmcore {

bool is_filter_note(const Note& note) {
    return note.name == format::kFilterNoteName && note.type == format::kFilterNoteType;
}

std::optional<FilterFacts> filter_facts(const NoteList& list) {
    const auto found = std::find_if(list.notes.begin(), list.notes.end(), is_filter_note);
    format::FilterNote note;
    if (found == list.notes.end() || found->descriptor.size() < sizeof note) return std::nullopt;
    std::memcpy(&note, found->descriptor.data(), sizeof note);
    if (note.version != format::kFilterNoteVersion) return std::nullopt;
    FilterFacts facts{.level = note.dump_level, .pages_by_class = {}};
    const bool counted = std::any_of(note.pages.begin(), note.pages.end(),
                                     [](uint64_t count) { return count != 0; });
    if (counted) facts.pages_by_class.assign(note.pages.begin(), note.pages.end());
    return facts;
}

}  // namespace guestdump::vmcore
