// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/capture.h"

#include <utility>

#include "util/result.h"

namespace guestdump::dump {

Result<Capture> Capture::of(const guest::Guest& guest,
                            std::shared_ptr<const guest::PageSource> memory) {
    Capture capture;
    capture.memory = std::move(memory);
    // All of memory, even if only a part is dumped: a partial dump has the ELF class of the whole.
    capture.arch = TRY(guest.arch_info(capture.memory->blocks()));
    capture.cpus = guest.cpus();
    capture.note = guest.guest_note();
    capture.recorded_utsname = guest.recorded_utsname();
    capture.recorded_notes = guest.recorded_notes();
    capture.running = guest.running();
    capture.left_out = guest.left_out();
    return capture;
}

}  // namespace guestdump::dump
