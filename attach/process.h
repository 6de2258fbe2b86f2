// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::attach {

/// Reads the whole file at @path, which is in /proc. Errors: those of open(2) and read(2), with the
/// path.
Result<std::string> text_of(const std::string& path);

/// Another process on this host, whose memory is read. It is held by a pidfd, so check_alive()
/// notices the end of the process even if its PID has been reused. Any thread.
class Process {
  public:
    /// Errors: those of pidfd_open(2); there is no process @pid.
    static Result<Process> open(pid_t pid);

    pid_t pid() const { return pid_; }
    /// A pidfd, owned by this object.
    int pidfd() const { return pidfd_.get(); }

    /// Errors: the process has ended.
    Result<> check_alive() const;

    /// Errors: this process may not read the other one's memory, or the other one has ended.
    Result<> check_readable() const;

    /// True if the process has a thread with the ID @thread in its own PID namespace. In a
    /// container these IDs differ from those seen from outside.
    bool has_thread(pid_t thread) const;

    /// Copies the bytes at @address in the process to @out. This allocates pages that have no
    /// memory yet. Errors: not all of the bytes are mapped; those of check_readable().
    Result<> read(uint64_t address, std::span<std::byte> out) const;

    /// Opens /proc/PID/@name for reading. Errors: those of open(2), with the path.
    Result<util::UniqueFd> open_file(const std::string& name) const;

    /// Reads the whole file /proc/PID/@name. Errors: those of open(2) and read(2), with the path.
    Result<std::string> text(const std::string& name) const;

    /// The path of /proc/PID/@name.
    std::string path(const std::string& name) const;

  private:
    Process(pid_t pid, util::UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

    Error cannot_read(int os_error) const;

    pid_t pid_;
    util::UniqueFd pidfd_;
};

}  // namespace guestdump::attach
