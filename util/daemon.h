// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::util {

/// A process that goes into the background when it is ready. The original process waits until
/// then.
///
/// Main thread, before any other thread starts and before any socket listens: the peer credentials
/// of a socket name the process that called listen().
class Daemon {
  public:
    /// Continues in a new process with its own session. The original process waits until detach()
    /// and then ends with status 0, or with status 1 if the new process ends earlier.
    ///
    /// Errors: pipe() or fork() fails; returned in the original process.
    static Result<Daemon> start();

    /// Releases the terminal, the files at descriptors 0 to 2 (a reader may be waiting for their
    /// end), and the original process.
    ///
    /// Errors: /dev/null cannot be opened.
    Result<> detach();

  private:
    explicit Daemon(UniqueFd ready) : ready_(std::move(ready)) {}

    UniqueFd ready_;
};

/// A file that contains the process ID and exists as long as this object. [qemu -pidfile]
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
