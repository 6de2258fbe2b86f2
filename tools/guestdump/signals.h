// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <csignal>
#include <optional>

#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::tools {

/// While it exists, the signals that ask a program to end (SIGINT, SIGTERM, SIGHUP) are held until
/// take() and end nothing. A signal that was ignored when the program started stays ignored.
///
/// Main thread, before any other thread is started.
class Signals {
  public:
    /// Errors: those of signalfd().
    static util::Result<Signals> hold();

    Signals(Signals&&) = default;
    Signals& operator=(Signals&&) = delete;
    ~Signals();

    /// Ignores these signals, pending ones included, for the rest of the program: the work is done,
    /// and the exit status must report that.
    static void ignore();

    /// Readable while a signal is pending.
    int fd() const { return fd_.get(); }

    /// Removes and returns the oldest pending signal; empty if there is none.
    std::optional<int> take() const;

  private:
    Signals(util::UniqueFd fd, const sigset_t& before) : fd_(std::move(fd)), before_(before) {}

    util::UniqueFd fd_;
    sigset_t before_;  ///< the thread's previous signal mask
};

}  // namespace guestdump::tools
