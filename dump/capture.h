// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "guest/guest.h"
#include "guest/live_moment.h"

namespace guestdump::dump {

/// Everything about a stopped guest that must be read on the main loop: registers, the layout of
/// memory and the guest's note. How long this takes does not depend on the guest's contents;
/// Snapshot::prepare() does the rest on another thread. A plain value; any thread.
struct Capture {
    std::shared_ptr<const guest::PageSource> memory;  ///< all guest memory
    std::vector<guest::Cpu> cpus;
    guest::ArchDumpInfo arch;  ///< phys_base is not from VMCOREINFO yet
    std::optional<guest::GuestNote> note;
    std::optional<guest::Utsname> recorded_utsname;
    guest::RecordedNotes recorded_notes;
    bool running = false;                     ///< the vCPUs run meanwhile, as for an estimate
    guest::LeftOut left_out;                  ///< memory that @memory lacks
    std::optional<guest::LiveMoment> moment;  ///< set for a live dump: what @memory shows

    /// @guest must be paused. Main loop. Errors: those of Guest::arch_info().
    static Result<Capture> of(const guest::Guest& guest) { return of(guest, guest.page_source()); }
    /// With @memory instead of the guest's own page source.
    static Result<Capture> of(const guest::Guest& guest,
                              std::shared_ptr<const guest::PageSource> memory);
};

}  // namespace guestdump::dump
