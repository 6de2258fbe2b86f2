// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <utility>

#include "guest/guest.h"
#include "util/result.h"

namespace guestdump::dump {

/// Keeps a guest paused until release() or the destructor, which call Guest::resume(). Main loop.
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

    /// Calls Guest::resume() now, which resumes the guest if it ran before.
    void release() {
        if (guest::Guest* guest = std::exchange(held_, nullptr)) guest->resume();
    }

  private:
    explicit PausedGuest(guest::Guest& guest) : held_(&guest) {}

    guest::Guest* held_;  ///< nullptr after release()
};

}  // namespace guestdump::dump
