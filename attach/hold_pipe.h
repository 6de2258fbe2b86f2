// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>

#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::attach {

/// The pipe into which QEMU is asked to dump. As long as nobody reads from it, QEMU waits in the
/// middle of its dump and its guest is stopped. When the read end is closed, QEMU's dump fails and
/// the guest runs on if it ran before. The kernel closes it if this process ends in any way.
class HoldPipe {
  public:
    /// Creates a pipe of the smallest size, one page, so that not even the memory of a tiny guest
    /// fits into it. Errors: those of pipe2() and F_SETPIPE_SZ.
    static Result<HoldPipe> create();

    /// The write end, which is passed to the machine. Valid until close_input().
    int input() const { return input_.get(); }
    /// Closes our copy of the write end. Call it once the machine has its own copy; otherwise
    /// read() and has_ended() cannot notice that the machine has closed it.
    void close_input() { input_.reset(); }

    /// The read end, for poll().
    int output() const { return output_.get(); }
    /// Closes the read end, which ends the hold.
    void close() { output_.reset(); }

    /// Reads until @out is full. @interrupt is a descriptor, or -1 for none. Errors: the machine
    /// has closed its end; @interrupt has become readable (EINTR); those of poll() and read().
    Result<> read(std::span<std::byte> out, int interrupt) const;

    /// True once the machine has closed its end.
    bool has_ended() const;

  private:
    HoldPipe(util::UniqueFd output, util::UniqueFd input)
        : output_(std::move(output)), input_(std::move(input)) {}

    util::UniqueFd output_, input_;
};

}  // namespace guestdump::attach
