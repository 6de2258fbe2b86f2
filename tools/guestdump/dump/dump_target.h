// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "dump/target/new_file.h"
#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::tools {

/// The target of a dump that another process writes. A regular file is opened and named here, with
/// the caller's permissions, so the machine needs no permission to open it, and no file is left if
/// the machine dies.
class DumpTarget {
  public:
    /// Opens a target that is written directly: "-" (stdout), a FIFO or a device. Blocks until the
    /// FIFO has a reader or the serial line has a carrier. Empty if @path is or will be a regular
    /// file. Errors: "Could not open '<path>': <why>".
    static util::Result<std::optional<DumpTarget>> open(const std::string& path);

    /// Creates a file, which this object removes unless it is committed. Errors: those of
    /// dump::NewFile.
    static util::Result<DumpTarget> create(const std::string& path);

    /// The descriptor that the machine writes to.
    int fd() const { return file_ ? file_->fd() : fd_.get(); }

    /// Size of the file, bytes; 0 if the target is not a file.
    uint64_t size() const;

    /// Makes a complete dump durable and closes it. Without this call no file is left. Errors:
    /// those of dump::NewFile, of fsync() on a device, and of close(); "cancelled" if any thread
    /// set @unwanted before the file was named.
    util::Result<> commit(const std::atomic<bool>& unwanted);

  private:
    explicit DumpTarget(std::string name) : name_(std::move(name)) {}

    std::string name_;  ///< for messages
    std::optional<dump::NewFile> file_;
    util::UniqueFd fd_;
};

}  // namespace guestdump::tools
