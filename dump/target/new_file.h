// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <string>
#include <utility>

#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::dump {

/// A regular file that appears under its name, or replaces what was there, when it is whole: until
/// commit() it has no name, or a private one, and nothing is left of it if this goes before. Mode
/// 0600. A symbolic link is followed.
class NewFile {
  public:
    /// Errors: "Could not open '<path>': <why>". A file that is there and may not be written to is
    /// not replaced; nor is one that something is mounted on, or somebody else's in a sticky
    /// folder. What names_open_file() tells of is no path for a new one.
    static util::Result<NewFile> create(const std::string& path);

    NewFile(NewFile&& other) noexcept
        : path_(std::move(other.path_)),
          place_(std::move(other.place_)),
          private_name_(std::exchange(other.private_name_, {})),
          fd_(std::move(other.fd_)) {}
    ~NewFile();

    /// For reading and writing. Copies of the descriptor must be closed before commit().
    int fd() const { return fd_.get(); }

    /// Makes the file durable, closes it and gives it its name. Once. Errors: "cancelled", where
    /// @unwanted, which any thread may set, became true before it had its name.
    util::Result<> commit(const std::atomic<bool>& unwanted);

  private:
    /// A path as its directory, opened, and the last name in it.
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
    std::string private_name_{};  ///< in the directory; empty while there is none
    util::UniqueFd fd_{};
};

/// True where @path leads to something that is open in a process: /dev/stdout, /proc/self/fd/N.
/// What such a link says is no path to it; it is written to as it is. False also where @path leads
/// nowhere, or may not be followed.
bool names_open_file(const std::string& path);

/// "Could not open '<path>': <why>", as QEMU says it.
util::Error open_error(int os_error, const std::string& path);

}  // namespace guestdump::dump
