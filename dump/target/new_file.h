// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <string>
#include <utility>

#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::dump {

/// A regular file that appears under its name, or replaces the old file, when it is complete. Until
/// commit() the file has no name or a temporary name. If the object is destroyed before commit(),
/// the file is removed. Mode 0600. Symbolic links are followed.
class NewFile {
  public:
    /// Errors: "Could not open '<path>': <why>". Fails if the existing file is not writable, is a
    /// mount point, or belongs to another user in a sticky directory, and if names_open_file() is
    /// true.
    static util::Result<NewFile> create(const std::string& path);

    NewFile(NewFile&& other) noexcept
        : path_(std::move(other.path_)),
          place_(std::move(other.place_)),
          private_name_(std::exchange(other.private_name_, {})),
          fd_(std::move(other.fd_)) {}
    ~NewFile();

    /// For reading and writing. Copies of the descriptor must be closed before commit().
    int fd() const { return fd_.get(); }

    /// True if nothing is left of the file if the process is killed before commit(). False on file
    /// systems without O_TMPFILE.
    bool leaves_nothing() const { return private_name_.empty(); }

    /// Makes the file durable, closes it and gives it its name. Called once. Returns "cancelled" if
    /// @unwanted became true before the rename. Any thread may set @unwanted.
    util::Result<> commit(const std::atomic<bool>& unwanted);

  private:
    /// A path split into an open directory descriptor and the last component.
    struct Place {
        util::UniqueFd directory;
        std::string name;
    };

    NewFile(std::string path, Place place) : path_(std::move(path)), place_(std::move(place)) {}

    static util::Result<Place> place_of(const std::string& path);
    util::Result<> open();
    util::Result<> make_durable(const std::atomic<bool>& unwanted);
    util::Result<> give_private_name();

    std::string path_;  ///< for messages
    Place place_;
    std::string private_name_{};  ///< in the directory; empty if there is none
    util::UniqueFd fd_{};
};

/// True if a dump to @path makes a NewFile. False if it writes to what is there: a FIFO, a device,
/// or a file that a process has open.
bool makes_new_file(const std::string& path);

/// True if @path leads to a file that a process has open: /dev/stdout, /proc/self/fd/N. readlink()
/// on such a link does not give a usable path, so write to the open file itself. False also if
/// @path leads nowhere, or if the process has no permission to follow it.
bool names_open_file(const std::string& path);

/// "Could not open '<path>': <why>", QEMU's message.
util::Error open_error(int os_error, const std::string& path);

}  // namespace guestdump::dump
