// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/filter_note.h"

#include <algorithm>

#include "format/filter_note.h"
#include "format/kdump.h"
#include "util/stored.h"

namespace guestdump::dump {

void append_filter_note(const Snapshot& snapshot, const Request& request, guest::NoteBuilder& out) {
    const bool counted = !snapshot.left_out_by_class.empty();
    // Levels 0 and 1 do not mean that memory with contents is left out.
    const bool has_level = snapshot.dump_level > format::kDumpLevelExcludeZero;
    if (!counted && (request.kdump() || !has_level)) return;
    format::FilterNote note{};
    note.version = format::kFilterNoteVersion;
    note.dump_level = snapshot.dump_level;
    const size_t count = std::min(note.pages.size(), snapshot.left_out_by_class.size());
    std::copy_n(snapshot.left_out_by_class.begin(), count, note.pages.begin());
    out.append(format::kFilterNoteName, format::kFilterNoteType, util::bytes_of(note));
}

}  // namespace guestdump::dump
