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

/// Stands between a machine that cannot cancel a dump (QEMU) and the dump's target: the machine
/// writes to a pipe, a thread copies. When the pipe is broken the machine's dump fails and the
/// guest runs on.
class PipeRelay {
  public:
    /// Copies to @target, whose descriptor stays the caller's, from its position on; @name is for
    /// messages. Errors: those of dump::make_fd_sink(); of pipe2() and util::Wakeup::create().
    static util::Result<std::unique_ptr<PipeRelay>> start(int target, const std::string& name);
    ~PipeRelay();

    /// For the machine.
    int input() const { return input_.get(); }

    /// The machine has its copy of input(): ours goes, or the pipe would have no end.
    void handed_over() { input_.reset(); }

    /// Breaks the pipe, also where the target takes nothing. Any thread.
    void stop();

    /// Waits until all that came has been copied, and no longer than @patience. True: finish() will
    /// not wait. Errors: @interrupt, a descriptor or -1, is readable: EINTR.
    util::Result<bool> wait(std::chrono::milliseconds patience, int interrupt);

    /// Waits until all that came has been copied. Errors: of the target; it was stopped.
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
    util::Wakeup ended_;             ///< raised once the thread has nothing left to do
    util::Result<> result_;          ///< of the thread, when it has ended
    std::jthread thread_;            ///< last: it uses the rest
};

}  // namespace guestdump::tools
