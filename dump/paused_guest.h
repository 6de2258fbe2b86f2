// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <utility>

#include "dump/guest.h"

namespace dump {

/// Holds a guest still: Guest::resume() when this goes, on every path. Main loop.
class PausedGuest {
  public:
    /// Stops @guest, which must outlive the result, and synchronises its registers.
    ///
    /// Errors: those of Guest::pause(); the guest then runs on as before.
    static Result<PausedGuest> enter(Guest& guest) {
        PausedGuest hold(guest);
        TRY(guest.pause());
        return hold;
    }

    PausedGuest(PausedGuest&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
    ~PausedGuest() { release(); }

    /// Lets go of the guest now; one that ran before runs on.
    void release() {
        if (Guest* guest = std::exchange(held_, nullptr)) guest->resume();
    }

  private:
    explicit PausedGuest(Guest& guest) : held_(&guest) {}

    Guest* held_;  ///< nullptr once let go
};

}  // namespace dump
