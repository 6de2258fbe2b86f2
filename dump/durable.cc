// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/durable.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace dump {

using util::Error;
using util::Result;

namespace {

constexpr off_t kPiece = off_t{8} << 20;  // some ms of a disk

Error sync_error(int os_error, const std::string& name) {
    return Error::from_errno(os_error, "syncing '%s'", name.c_str());
}

/// fsync() has to do it all then.
bool is_unsupported(int os_error) {
    return os_error == ENOSYS || os_error == EINVAL || os_error == ESPIPE;
}

}  // namespace

Result<> write_back(int fd, off_t size, const std::string& name,
                    const std::function<bool()>& unwanted) {
    for (off_t at = 0; at < size; at += kPiece) {
        if (unwanted()) return Error::make("cancelled");
        // The next piece is on its way while this one is waited for.
        ::sync_file_range(fd, at + kPiece, kPiece, SYNC_FILE_RANGE_WRITE);
        const unsigned flags = SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
        // Linux tells a failure once for each open file: told here, no fsync() tells it again.
        if (::sync_file_range(fd, at, kPiece, flags) != 0 && !is_unsupported(errno))
            return sync_error(errno, name);
    }
    if (unwanted()) return Error::make("cancelled");
    return {};
}

Result<> sync_target(int fd, const std::string& name) {
    if (::fsync(fd) != 0) return sync_error(errno, name);
    return {};
}

bool is_block_device(int fd) {
    struct stat status;
    return ::fstat(fd, &status) == 0 && S_ISBLK(status.st_mode);
}

Result<> close_checked(util::UniqueFd fd, const std::string& name) {
    // EINTR leaves the descriptor closed on Linux; the data is with the kernel.
    if (::close(fd.release()) != 0 && errno != EINTR)
        return Error::from_errno(errno, "closing '%s'", name.c_str());
    return {};
}

}  // namespace dump
