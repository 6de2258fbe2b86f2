// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <utility>

#include "dump/guest.h"

namespace dump {

/// Holds a guest still: it runs on when this goes, on every path, if it ran before. Main loop.
class PausedGuest {
  public:
    /// Stops @guest, which must outlive the result, and synchronises its registers.
    ///
    /// Errors: those of Guest::pause(); the guest then runs on as before.
    static Result<PausedGuest> enter(Guest& guest) {
        PausedGuest hold(guest.running() ? &guest : nullptr);
        TRY(guest.pause());
        return hold;
    }

    PausedGuest(PausedGuest&& other) noexcept
        : to_resume_(std::exchange(other.to_resume_, nullptr)) {}
    ~PausedGuest() { release(); }

    /// Lets the guest run on now.
    void release() {
        if (Guest* guest = std::exchange(to_resume_, nullptr)) guest->resume();
    }

  private:
    explicit PausedGuest(Guest* to_resume) : to_resume_(to_resume) {}

    Guest* to_resume_;  ///< nullptr where it did not run
};

}  // namespace dump
