// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/target/new_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "dump/target/durable.h"
#include "util/text.h"

namespace guestdump::dump {

namespace {

constexpr mode_t kMode = 0600;  // a dump holds the guest's secrets
constexpr int kMostLinks = 40;  // as many symbolic links as Linux follows

/// True if Linux would follow the link @status in folder @directory for us: it does not if another
/// user put the link into a folder where everybody may write. The kernel cannot check this, because
/// the file that the link leads to is replaced, not opened. [linux
/// Documentation/admin-guide/sysctl/fs.rst, protected_symlinks]
bool may_follow(const struct stat& status, const std::string& directory) {
    struct stat folder;
    if (::stat(directory.c_str(), &folder) != 0) return false;
    const bool everybodys = (folder.st_mode & S_ISVTX) && (folder.st_mode & S_IWOTH);
    return !everybodys || status.st_uid == ::geteuid() || status.st_uid == folder.st_uid;
}

/// A link of procfs leads to an open file, whatever name the file has or had. [proc(5),
/// /proc/PID/fd]
bool is_on_procfs(int fd) {
    struct statfs where;
    return ::fstatfs(fd, &where) == 0 && where.f_type == PROC_SUPER_MAGIC;
}

/// The end of the chain of symbolic links that a path goes through.
struct Destination {
    std::string path;  ///< need not exist
    bool is_open_file = false;
};

Result<Destination> follow_links(const std::string& path) {
    std::string here = path;
    for (int i = 0; i < kMostLinks; ++i) {
        // One descriptor for all calls: otherwise they might reach two different links.
        const util::UniqueFd link(::open(here.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        struct stat status;
        if (!link || ::fstat(link.get(), &status) != 0 || !S_ISLNK(status.st_mode))
            return Destination{here};
        if (is_on_procfs(link.get())) return Destination{here, true};
        const size_t slash = here.rfind('/');
        const std::string directory = slash == std::string::npos ? "./" : here.substr(0, slash + 1);
        if (!may_follow(status, directory)) return open_error(EACCES, path);
        std::array<char, PATH_MAX> target;
        const ssize_t length = ::readlinkat(link.get(), "", target.data(), target.size());
        if (length < 0) return open_error(errno, path);
        const std::string_view to(target.data(), static_cast<size_t>(length));
        here = (to.starts_with('/') ? "" : directory) + std::string(to);
    }
    return open_error(ELOOP, path);
}

/// The errno with which rename() would refuse to replace @name in @directory after everything has
/// been written; 0 if no obstacle is known. [rename(2)]
int obstacle_to_rename(int directory, const std::string& name) {
    struct statx file, folder;
    if (::statx(directory, name.c_str(), AT_SYMLINK_NOFOLLOW, STATX_UID, &file) != 0 ||
        ::statx(directory, "", AT_EMPTY_PATH, STATX_MODE | STATX_UID, &folder) != 0) {
        return 0;
    }
    if (file.stx_attributes & STATX_ATTR_MOUNT_ROOT) return EBUSY;
    const uid_t us = ::geteuid();
    const bool somebody_elses = us != 0 && file.stx_uid != us && folder.stx_uid != us;
    return (folder.stx_mode & S_ISVTX) && somebody_elses ? EPERM : 0;
}

}  // namespace

bool names_open_file(const std::string& path) {
    const Result<Destination> destination = follow_links(path);
    return destination && destination->is_open_file;
}

bool makes_new_file(const std::string& path) {
    struct stat status;
    const bool exists = ::stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
    return !exists || (S_ISREG(status.st_mode) && !names_open_file(path));
}

Error open_error(int os_error, const std::string& path) {
    return Error::from_errno(os_error, "Could not open '%s'", path.c_str());
}

Result<NewFile::Place> NewFile::place_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    std::string directory = ".";
    if (slash != std::string::npos) directory = path.substr(0, slash + 1);
    Place place{util::UniqueFd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
                slash == std::string::npos ? path : path.substr(slash + 1)};
    if (!place.directory) return open_error(errno, path);
    if (place.name.empty()) return open_error(path.empty() ? ENOENT : EISDIR, path);
    return place;
}

Result<NewFile> NewFile::create(const std::string& path) {
    struct stat status;
    const bool exists = ::stat(path.c_str(), &status) == 0;
    if (!exists && errno != ENOENT) return open_error(errno, path);
    if (exists && S_ISDIR(status.st_mode)) return open_error(EISDIR, path);
    // Replacing a file needs only write permission to its directory; a write-protected file must
    // stay.
    if (exists && ::access(path.c_str(), W_OK) != 0) return open_error(errno, path);
    const Destination real = TRY(follow_links(path));
    if (real.is_open_file) return open_error(EINVAL, path);  // see names_open_file()
    Place place = TRY(place_of(real.path));
    NewFile file(path, std::move(place));
    const int obstacle = obstacle_to_rename(file.place_.directory.get(), file.place_.name);
    if (obstacle != 0) return open_error(obstacle, path);
    TRY(file.open());
    return file;
}

NewFile::~NewFile() {
    if (!private_name_.empty()) ::unlinkat(place_.directory.get(), private_name_.c_str(), 0);
}

Result<> NewFile::open() {
    // O_TMPFILE leaves nothing behind, even if the process is killed.
    const std::string here = util::text("/proc/self/fd/%d", place_.directory.get());
    fd_.reset(::open(here.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kMode));
    if (!fd_ && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        std::string pattern = here + "/.guestdump-XXXXXX";
        fd_.reset(::mkostemp(pattern.data(), O_CLOEXEC));
        if (fd_) private_name_ = pattern.substr(here.size() + 1);
    }
    return fd_ ? Result<>() : open_error(errno, path_);
}

/// Writes one piece at a time first, because fsync() cannot be cancelled.
Result<> NewFile::make_durable(const std::atomic<bool>& unwanted) {
    const off_t size = ::lseek(fd_.get(), 0, SEEK_END);
    TRY(write_back(fd_.get(), size, path_, [&unwanted] { return unwanted.load(); }));
    return sync_target(fd_.get(), path_);
}

Result<> NewFile::commit(const std::atomic<bool>& unwanted) {
    TRY(make_durable(unwanted));
    if (private_name_.empty()) TRY(give_private_name());
    TRY(close_checked(std::move(fd_), path_));
    if (unwanted) return Error::make("cancelled");
    const int directory = place_.directory.get();
    if (::renameat(directory, private_name_.c_str(), directory, place_.name.c_str()) != 0) {
        return Error::from_errno(errno, "renaming '%s' to '%s'", private_name_.c_str(),
                                 path_.c_str());
    }
    private_name_.clear();
    // Some file systems cannot sync a directory (EINVAL); the file itself is safe by now.
    if (::fsync(directory) != 0 && errno != EINVAL) {
        return Error::from_errno(errno, "syncing the directory of '%s'", path_.c_str());
    }
    return {};
}

/// linkat() cannot replace a file, but rename() can; so the file gets a private name first.
Result<> NewFile::give_private_name() {
    const std::string self = util::text("/proc/self/fd/%d", fd_.get());
    const int directory = place_.directory.get();
    for (unsigned attempt = 0;; ++attempt) {
        std::string name = util::text(".guestdump-%d-%u", ::getpid(), attempt);
        if (::linkat(AT_FDCWD, self.c_str(), directory, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
            private_name_ = std::move(name);
            return {};
        }
        if (errno != EEXIST) {
            return Error::from_errno(errno, "naming '%s' '%s'", path_.c_str(), name.c_str());
        }
    }
}

}  // namespace guestdump::dump
