// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "dump/snapshot.h"
#include "guest/note_builder.h"

namespace guestdump::dump {

/// Adds guestdump's note about the pages that were left out of @snapshot to @out, if a file for
/// @request needs it. ELF files and VirtualBox cores have no other place for the dump level, and no
/// format has another place for the counts. If no filter left out pages, nothing is added.
void append_filter_note(const Snapshot& snapshot, const Request& request, guest::NoteBuilder& out);

}  // namespace guestdump::dump
