// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/target/durable.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace guestdump::dump {

namespace {

constexpr off_t kPiece = off_t{8} << 20;  // a few ms of disk time

Error sync_error(int os_error, const std::string& name) {
    return Error::from_errno(os_error, "syncing '%s'", name.c_str());
}

/// True if the target does not support sync_file_range(). Then fsync() does all the work.
bool is_unsupported(int os_error) {
    return os_error == ENOSYS || os_error == EINVAL || os_error == ESPIPE;
}

/// Linux reports a failure once for each open file, or only to the process that started the write.
/// If it is reported here, fsync() does not report it again.
Result<> write_piece(int fd, off_t at, unsigned flags, const std::string& name) {
    if (::sync_file_range(fd, at, kPiece, flags) != 0 && !is_unsupported(errno))
        return sync_error(errno, name);
    return {};
}

}  // namespace

Result<> write_back(int fd, off_t size, const std::string& name,
                    const std::function<bool()>& unwanted) {
    for (off_t at = 0; at < size; at += kPiece) {
        if (unwanted()) return Error::make("cancelled");
        // Start writing the next piece before waiting for this one.
        TRY(write_piece(fd, at + kPiece, SYNC_FILE_RANGE_WRITE, name));
        TRY(write_piece(fd, at, SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER, name));
    }
    if (unwanted()) return Error::make("cancelled");
    return {};
}

Result<> sync_target(int fd, const std::string& name) {
    // EINVAL: a target that cannot be synced has no delayed data either.
    if (::fsync(fd) != 0 && errno != EINVAL) return sync_error(errno, name);
    return {};
}

bool is_storage(int fd) {
    struct stat status;
    return ::fstat(fd, &status) == 0 && (S_ISBLK(status.st_mode) || S_ISREG(status.st_mode));
}

Result<> close_checked(util::UniqueFd fd, const std::string& name) {
    // After EINTR, Linux has closed the descriptor and the kernel has the data.
    if (::close(fd.release()) != 0 && errno != EINTR)
        return Error::from_errno(errno, "closing '%s'", name.c_str());
    return {};
}

}  // namespace guestdump::dump
