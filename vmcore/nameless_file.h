// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "util/unique_fd.h"
#include "vmcore/file_source.h"

namespace guestdump::vmcore {

/// Returns the directory for temporary copies of vmcores: $TMPDIR, or else /var/tmp, because /tmp
/// is often in memory.
std::string stream_copy_directory();

/// A temporary file without a name that is written from its start to its end, and then read as a
/// vmcore. Only the owner can read it; it is gone when nobody uses it, and when the process ends.
/// Blocks of zeros take no space in it.
class NamelessFile {
  public:
    /// @name: of what is copied, for messages and for the result.
    /// Errors: the file cannot be created, with its directory and errno.
    static Result<NamelessFile> create(std::string name);

    /// Errors: a failed write, with the directory and errno.
    Result<> append(std::span<const std::byte> bytes);

    uint64_t size() const { return size_; }

    /// The file. Errors: as append().
    Result<std::shared_ptr<const FileSource>> finish() &&;

  private:
    NamelessFile(std::string name, util::UniqueFd fd)
        : name_(std::move(name)), fd_(std::move(fd)) {}

    std::string name_;
    util::UniqueFd fd_;
    uint64_t size_ = 0;
};

}  // namespace guestdump::vmcore
