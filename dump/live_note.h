// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "guest/live_moment.h"
#include "guest/note_builder.h"

namespace guestdump::dump {

/// Adds the note by which readers of ours recognise a dump of a running guest. It is the last note,
/// because other readers skip what they do not know. Any thread.
void append_live_note(const guest::LiveMoment& moment, guest::NoteBuilder& out);

}  // namespace guestdump::dump
