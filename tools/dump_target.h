// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "dump/new_file.h"
#include "util/result.h"
#include "util/unique_fd.h"

namespace tools {

/// Where a dump that another process writes is to lie. A regular file is opened and named here, by
/// the person who asked: the machine needs no right to it, and one that dies leaves nothing.
class DumpTarget {
  public:
    /// "-" is stdout; a FIFO or a device is written to as it is, a FIFO when somebody reads it.
    /// Errors: those of dump::NewFile, "Could not open '<path>': <why>".
    static util::Result<DumpTarget> open(const std::string& path);

    /// For the machine to write to.
    int fd() const { return file_ ? file_->fd() : fd_.get(); }

    /// True for what gets its name by commit().
    bool is_file() const { return file_.has_value(); }

    /// Bytes that lie in the file; 0 where it is none.
    uint64_t size() const;

    /// The dump is whole: makes it durable and closes it. Without this nothing is left of a file.
    /// Errors: those of dump::NewFile; what a device could not keep; of the close().
    util::Result<> commit();

  private:
    explicit DumpTarget(std::string name) : name_(std::move(name)) {}

    std::string name_;  ///< for messages
    std::optional<dump::NewFile> file_;
    util::UniqueFd fd_;
};

}  // namespace tools
