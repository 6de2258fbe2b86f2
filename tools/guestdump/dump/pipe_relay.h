// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "dump/target/sink.h"
#include "util/result.h"
#include "util/unique_fd.h"
#include "util/wakeup.h"

namespace guestdump::tools {

/// A pipe between the dump's target and a machine that has no cancel command (QEMU). The machine
/// writes to the pipe and a thread copies from it. Closing the pipe cancels the dump: the machine's
/// dump fails and the guest resumes.
class PipeRelay {
  public:
    /// Copies to @target from its current position on; the caller keeps the descriptor. @name is
    /// used in messages. Errors: those of dump::make_fd_sink(), pipe2() and util::Wakeup::create().
    static util::Result<std::unique_ptr<PipeRelay>> start(int target, const std::string& name);
    ~PipeRelay();

    /// The end that the machine writes to.
    int input() const { return input_.get(); }

    /// Closes our copy of input(). Call it once the machine has its own copy; otherwise the reader
    /// never sees EOF.
    void handed_over() { input_.reset(); }

    /// Closes the pipe, even if the target is blocked. Any thread.
    void stop();

    /// Waits for at most @patience until everything received has been copied. Returns true if
    /// finish() will not block. Fails with EINTR if the descriptor @interrupt (-1 for none) becomes
    /// readable.
    util::Result<bool> wait(std::chrono::milliseconds patience, int interrupt);

    /// Waits until everything received has been copied. Errors: those of the target; stop() was
    /// called.
    util::Result<> finish();

  private:
    PipeRelay(std::unique_ptr<dump::Sink> target, util::UniqueFd output, util::UniqueFd input,
              util::Wakeup stopped, util::Wakeup ended)
        : target_(std::move(target)),
          output_(std::move(output)),
          input_(std::move(input)),
          stopped_(std::move(stopped)),
          ended_(std::move(ended)) {}

    util::Result<> copy();
    util::Result<> end(uint64_t size);

    std::unique_ptr<dump::Sink> target_;
    util::UniqueFd output_, input_;  ///< the pipe's ends
    util::Wakeup stopped_;           ///< raised by stop()
    util::Wakeup ended_;             ///< raised when the thread has finished
    util::Result<> result_;          ///< of the thread, once it has ended
    std::jthread thread_;            ///< last: it uses the other members
};

}  // namespace guestdump::tools
