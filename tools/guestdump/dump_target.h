// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "dump/target/new_file.h"
#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::tools {

/// Where a dump that another process writes is to lie. A regular file is opened and named here, by
/// the person who asked: the machine needs no right to it, and one that dies leaves nothing.
class DumpTarget {
  public:
    /// What is written to as it is: "-", which is stdout, a FIFO, a device. Waits until somebody
    /// reads the FIFO, until the terminal has its line. Empty where @path is to be a file.
    /// Errors: "Could not open '<path>': <why>".
    static util::Result<std::optional<DumpTarget>> open(const std::string& path);

    /// A file, which from here on is this object's to remove. Errors: those of dump::NewFile.
    static util::Result<DumpTarget> create(const std::string& path);

    /// For the machine to write to.
    int fd() const { return file_ ? file_->fd() : fd_.get(); }

    /// Bytes that lie in the file; 0 where it is none.
    uint64_t size() const;

    /// The dump is whole: makes it durable and closes it. Without this nothing is left of a file.
    /// Errors: those of dump::NewFile; what a device could not keep; of the close(); "cancelled",
    /// where @unwanted, which any thread may set, became true in time.
    util::Result<> commit(const std::atomic<bool>& unwanted);

  private:
    explicit DumpTarget(std::string name) : name_(std::move(name)) {}

    std::string name_;  ///< for messages
    std::optional<dump::NewFile> file_;
    util::UniqueFd fd_;
};

}  // namespace guestdump::tools
