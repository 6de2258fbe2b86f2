// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "vmcore/contents.h"
#include "vmcore/elf/note_list.h"

namespace guestdump::vmcore {

/// True if @note is the one that guestdump writes into a dump from which pages were left out.
bool is_filter_note(const Note& note);

/// What the first such note of @list says. Empty if there is none, or its version is unknown.
std::optional<FilterFacts> filter_facts(const NoteList& list);

}  // namespace guestdump::vmcore
