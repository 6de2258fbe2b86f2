// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::util {

/// A process on its way into the background: whoever started it waits until it is ready.
///
/// Main thread, before any other thread and any socket that clients look for: they ask for the
/// process that called listen().
class Daemon {
  public:
    /// Goes on in a new process of its own session. The one that was started stays until detach(),
    /// and then ends with status 0; should the new process end before, with status 1.
    ///
    /// Errors: of pipe() and fork(), in the process that was started.
    static Result<Daemon> start();

    /// Lets go of the terminal and of descriptors 0 to 2, so that who waits for their end is not
    /// kept, and of the process that was started.
    ///
    /// Errors: /dev/null cannot be opened.
    Result<> detach();

  private:
    explicit Daemon(UniqueFd ready) : ready_(std::move(ready)) {}

    UniqueFd ready_;
};

/// A file that holds this process's number for as long as this lives. [qemu -pidfile]
class Pidfile {
  public:
    /// Errors: the file cannot be written, or another live process holds it.
    static Result<Pidfile> create(const std::string& path);
    Pidfile(Pidfile&& other) noexcept
        : path_(std::exchange(other.path_, {})), fd_(std::move(other.fd_)) {}
    ~Pidfile();

  private:
    Pidfile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

    std::string path_;  ///< absolute; empty once moved from
    UniqueFd fd_;       ///< locked
};

}  // namespace guestdump::util
