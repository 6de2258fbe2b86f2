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

}  // namespace

Result<> write_back(int fd, off_t size, const std::function<bool()>& unwanted) {
    for (off_t at = 0; at < size; at += kPiece) {
        if (unwanted()) return Error::make("cancelled");
        // The next piece is on its way while this one is waited for. Failures are fsync()'s to
        // tell.
        ::sync_file_range(fd, at + kPiece, kPiece, SYNC_FILE_RANGE_WRITE);
        ::sync_file_range(fd, at, kPiece, SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    }
    if (unwanted()) return Error::make("cancelled");
    return {};
}

Result<> sync_target(int fd, const std::string& name) {
    if (::fsync(fd) != 0) return Error::from_errno(errno, "syncing '%s'", name.c_str());
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
