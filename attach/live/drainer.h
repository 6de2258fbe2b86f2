// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include "attach/live/live_fit.h"
#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::attach {

/// A process that takes over if this one ends, for whatever reason, in the middle of a live dump.
/// It reads QEMU's stream to its end, so that the guest goes on, and puts QEMU back as it was.
class Drainer {
  public:
    /// Forks. No other thread may run yet. @output: the pipe's end that this process reads.
    /// @emulator is used by the child once this process has ended, @fit too.
    /// Errors: of pipe2() and fork().
    static Result<Drainer> start(Emulator& emulator, const LiveFit& fit, int output);

    Drainer(Drainer&&) noexcept = default;
    Drainer& operator=(Drainer&&) = delete;

    /// Without dismiss() the child takes over now.
    ~Drainer() = default;

    /// QEMU is as it was before: ends the child.
    void dismiss();

    pid_t pid() const { return pid_; }

  private:
    Drainer(pid_t pid, util::UniqueFd control) : pid_(pid), control_(std::move(control)) {}

    pid_t pid_;
    util::UniqueFd control_;  ///< a pipe that only this process writes to; its end starts the child
};

}  // namespace guestdump::attach
