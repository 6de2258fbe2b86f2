// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <optional>

#include "dump/fd_sink.h"
#include "dump/targets.h"
#include "util/text.h"

namespace dump {

using util::Error;
using util::Result;

namespace {

constexpr mode_t kMode = 0600;  // a dump holds the guest's secrets
constexpr int kMostLinks = 40;  // as many symbolic links as Linux follows

Error open_error(int os_error, const std::string& path) {
    return Error::from_errno(os_error, "Could not open '%s'", path.c_str());
}

/// A path as its directory, opened, and the last name in it.
struct Place {
    util::UniqueFd directory;
    std::string name;
};

Result<Place> place_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    std::string directory = ".";
    if (slash != std::string::npos) directory = path.substr(0, slash + 1);
    Place place{util::UniqueFd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
                slash == std::string::npos ? path : path.substr(slash + 1)};
    if (!place.directory) return open_error(errno, path);
    if (place.name.empty()) return open_error(path.empty() ? ENOENT : EISDIR, path);
    return place;
}

/// The path at the end of the symbolic links that @path goes through. It need not exist.
Result<std::string> follow_links(const std::string& path) {
    std::string here = path;
    for (int i = 0; i < kMostLinks; ++i) {
        std::array<char, PATH_MAX> target;
        const ssize_t length = ::readlink(here.c_str(), target.data(), target.size());
        if (length < 0) return here;
        const std::string_view link(target.data(), static_cast<size_t>(length));
        const size_t slash = here.rfind('/');
        const bool relative = !link.starts_with('/') && slash != std::string::npos;
        here = (relative ? here.substr(0, slash + 1) : "") + std::string(link);
    }
    return open_error(ELOOP, path);
}

/// A file that has no name yet, or a private one, until it is whole.
class FileSink final : public Sink {
  public:
    static Result<std::unique_ptr<Sink>> create(const std::string& path, Place place) {
        // O_TMPFILE: killed at any moment, we leave nothing behind.
        const std::string here = util::text("/proc/self/fd/%d", place.directory.get());
        util::UniqueFd fd(::open(here.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kMode));
        std::string temporary;
        if (!fd && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
            std::string pattern = here + "/.guestdump-XXXXXX";
            fd.reset(::mkostemp(pattern.data(), O_CLOEXEC));
            temporary = pattern.substr(here.size() + 1);
        }
        if (!fd) return open_error(errno, path);
        return std::unique_ptr<Sink>(
            new FileSink(path, std::move(place), std::move(temporary), std::move(fd)));
    }

    ~FileSink() override {
        if (!temporary_.empty()) ::unlinkat(place_.directory.get(), temporary_.c_str(), 0);
    }

    Result<> write_at(uint64_t offset, std::span<const std::byte> data) override {
        return file_.write_at(offset, data);
    }
    bool random_access() const override { return true; }
    Result<> finish(uint64_t size) override { return file_.finish(size); }

    Result<> commit() override {
        if (::fsync(file_.fd()) != 0)
            return Error::from_errno(errno, "syncing '%s'", path_.c_str());
        if (temporary_.empty()) TRY(give_private_name());
        TRY(file_.commit());
        const int directory = place_.directory.get();
        if (::renameat(directory, temporary_.c_str(), directory, place_.name.c_str()) != 0) {
            return Error::from_errno(errno, "renaming '%s' to '%s'", temporary_.c_str(),
                                     path_.c_str());
        }
        temporary_.clear();
        // Some file systems cannot sync a directory (EINVAL); the file itself is safe by now.
        if (::fsync(directory) != 0 && errno != EINVAL) {
            return Error::from_errno(errno, "syncing the directory of '%s'", path_.c_str());
        }
        return {};
    }

  private:
    FileSink(const std::string& path, Place place, std::string temporary, util::UniqueFd fd)
        : path_(path),
          place_(std::move(place)),
          temporary_(std::move(temporary)),
          file_(std::move(fd), path, 0) {}

    /// linkat() does not replace a file, rename() does: so a private name comes first.
    Result<> give_private_name() {
        const std::string self = util::text("/proc/self/fd/%d", file_.fd());
        const int directory = place_.directory.get();
        for (unsigned attempt = 0;; ++attempt) {
            std::string name = util::text(".guestdump-%d-%u", ::getpid(), attempt);
            if (::linkat(AT_FDCWD, self.c_str(), directory, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
                temporary_ = std::move(name);
                return {};
            }
            if (errno != EEXIST) {
                return Error::from_errno(errno, "naming '%s' '%s'", path_.c_str(), name.c_str());
            }
        }
    }

    std::string path_;
    Place place_;
    std::string temporary_;  ///< the private name in the directory, empty while there is none
    FileFdSink file_;
};

}  // namespace

Result<std::unique_ptr<Sink>> open_file_sink(const std::string& path) {
    struct stat status;
    const bool exists = ::stat(path.c_str(), &status) == 0;
    if (!exists && errno != ENOENT) return open_error(errno, path);
    if (exists && S_ISDIR(status.st_mode)) return open_error(EISDIR, path);
    if (exists && !S_ISREG(status.st_mode)) {
        // Without O_NONBLOCK a FIFO that nobody reads would hold the main loop for ever; this is
        // ENXIO.
        util::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
        if (!fd) return open_error(errno, path);
        return make_fd_sink(std::move(fd), path);
    }
    // Replacing needs write permission to the directory only; a file that was protected stays so.
    if (exists && ::access(path.c_str(), W_OK) != 0) return open_error(errno, path);
    const std::string real = TRY(follow_links(path));
    Place place = TRY(place_of(real));
    return FileSink::create(path, std::move(place));
}

}  // namespace dump
