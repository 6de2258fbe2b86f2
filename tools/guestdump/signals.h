// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <csignal>
#include <optional>

#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::tools {

/// While it lives, the signals by which a person ends a program (SIGINT, SIGTERM, SIGHUP) wait here
/// to be taken, and end nothing. One that the program was started to ignore stays ignored.
///
/// Main thread, before any other thread is started.
class Signals {
  public:
    /// Errors: of signalfd().
    static util::Result<Signals> hold();

    Signals(Signals&&) = default;
    Signals& operator=(Signals&&) = delete;
    ~Signals();

    /// From here on they are ignored, those that wait too: what was done is done, and the exit
    /// status is to say so. For the rest of the program.
    static void ignore();

    /// Readable while a signal waits.
    int fd() const { return fd_.get(); }

    /// The oldest signal that waits, taken; empty where there is none.
    std::optional<int> take() const;

  private:
    Signals(util::UniqueFd fd, const sigset_t& before) : fd_(std::move(fd)), before_(before) {}

    util::UniqueFd fd_;
    sigset_t before_;  ///< the thread's mask
};

}  // namespace guestdump::tools
