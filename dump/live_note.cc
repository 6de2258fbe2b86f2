// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/live_note.h"

#include "format/live_note.h"
#include "util/stored.h"

namespace guestdump::dump {

void append_live_note(const guest::LiveMoment& moment, guest::NoteBuilder& out) {
    format::LiveNote note;
    note.nanoseconds = moment.nanoseconds;
    note.seconds = static_cast<uint64_t>(moment.seconds);
    note.stopped_us = moment.stopped_us;
    out.append(format::kLiveNoteName, format::kNtLive, util::bytes_of(note));
}

}  // namespace guestdump::dump
