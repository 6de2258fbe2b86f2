// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/capture.h"

namespace guestdump::dump {

Result<Capture> Capture::of(const guest::Guest& guest) {
    Capture capture;
    capture.memory = guest.page_source();
    // Of all memory, whatever part is dumped: a dump of one byte has the class of the whole.
    capture.arch = TRY(guest.arch_info(capture.memory->blocks()));
    capture.cpus = guest.cpus();
    capture.note = guest.guest_note();
    capture.recorded_utsname = guest.recorded_utsname();
    return capture;
}

}  // namespace guestdump::dump
