// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <utility>

#include "guest/guest.h"

namespace guestdump::dump {

/// Holds a guest still: Guest::resume() when this goes, on every path. Main loop.
class PausedGuest {
  public:
    /// Stops @guest, which must outlive the result, and synchronises its registers.
    ///
    /// Errors: those of Guest::pause(); the guest then runs on as before.
    static Result<PausedGuest> enter(guest::Guest& guest) {
        PausedGuest hold(guest);
        TRY(guest.pause());
        return hold;
    }

    PausedGuest(PausedGuest&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
    ~PausedGuest() { release(); }

    /// Lets go of the guest now; one that ran before runs on.
    void release() {
        if (guest::Guest* guest = std::exchange(held_, nullptr)) guest->resume();
    }

  private:
    explicit PausedGuest(guest::Guest& guest) : held_(&guest) {}

    guest::Guest* held_;  ///< nullptr once let go
};

}  // namespace guestdump::dump
