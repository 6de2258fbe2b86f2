// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "guest/guest.h"

namespace guestdump::dump {

/// What is read of a stopped guest on the main loop: registers, the layout of memory, the guest's
/// note. All of it takes time that the guest cannot stretch; Snapshot::prepare() does the rest on
/// another thread. Values; any thread.
struct Capture {
    std::shared_ptr<const guest::PageSource> memory;  ///< all of the guest's
    std::vector<guest::Cpu> cpus;
    guest::ArchDumpInfo arch;  ///< phys_base is a guess
    std::optional<guest::GuestNote> note;
    std::optional<guest::Utsname> recorded_utsname;

    /// @guest must be paused. Main loop. Errors: those of Guest::arch_info().
    static Result<Capture> of(const guest::Guest& guest);
};

}  // namespace guestdump::dump
