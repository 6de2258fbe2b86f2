// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "attach/emulator.h"
#include "vmcore/open_options.h"

namespace guestdump::attach {

/// What is known of a QEMU that can make a background snapshot of its running guest.
struct LiveFit {
    /// The process that runs the guest, if it is on this host and may be looked into. Always there
    /// for QEMU before 9.0: it may need help.
    std::optional<Process> process;
    bool mended = false;  ///< a broken stream does not harm the guest: QEMU 9.0 and later
    bool was_on = false;  ///< the capability background-snapshot was on already, and stays on
    vmcore::RamAddresses addresses{};  ///< not in the stream
    uint64_t most_bytes = 0;           ///< QEMU's stream is not longer
};

/// The outcome of the examination: one of the three.
struct LiveProspect {
    std::optional<LiveFit> fit;
    std::optional<Error> why_not;  ///< the guest must be stopped for its dump
    bool stands_still = false;     ///< the guest does not run: there is nothing to gain
};

/// Asks all that can be asked while the guest runs, and changes nothing. @force: also QEMU before
/// 9.0. Errors: nobody can dump this guest now, or those of Emulator.
Result<LiveProspect> examine_live(Emulator& emulator, bool force);

}  // namespace guestdump::attach
