// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/file_source.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>

namespace guestdump::vmcore {
namespace {

/// fstat() does not report the size of a block device; seeking to its end does.
Result<uint64_t> size_of(int fd, const std::string& path) {
    struct stat status;
    if (::fstat(fd, &status) < 0) return Error::from_errno(errno, "looking at '%s'", path.c_str());
    if (S_ISREG(status.st_mode)) return static_cast<uint64_t>(status.st_size);
    if (!S_ISBLK(status.st_mode)) {
        return Error::make("'%s' is not a regular file: a vmcore is read at random", path.c_str());
    }
    const off_t end = ::lseek(fd, 0, SEEK_END);
    if (end < 0) return Error::from_errno(errno, "finding the end of '%s'", path.c_str());
    return static_cast<uint64_t>(end);
}

}  // namespace

FileSource::FileSource(std::string path, util::UniqueFd fd, uint64_t size)
    : path_(std::move(path)), fd_(std::move(fd)), size_(size), runs_(fd_.get(), size) {
    if (size == 0) return;
    void* const at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd_.get(), 0);
    if (at != MAP_FAILED) mapped_ = static_cast<const std::byte*>(at);
}

FileSource::~FileSource() {
    if (mapped_) ::munmap(const_cast<std::byte*>(mapped_), size_);
}

Result<std::shared_ptr<const FileSource>> FileSource::open(const std::string& path) {
    // Opening a FIFO without a writer would block for ever; for a regular file the flag has no
    // effect.
    util::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return Error::from_errno(errno, "could not open '%s'", path.c_str());
    return of(path, std::move(fd));
}

Result<std::shared_ptr<const FileSource>> FileSource::of(std::string name, util::UniqueFd fd) {
    const uint64_t size = TRY(size_of(fd.get(), name));
    return std::shared_ptr<const FileSource>(new FileSource(std::move(name), std::move(fd), size));
}

Result<> FileSource::read_at(uint64_t offset, std::span<std::byte> out) const {
    TRY(check_inside(*this, "a read", offset, out.size()));
    while (!out.empty()) {
        const ssize_t got = ::pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            return Error::from_errno(errno, "reading %zu bytes at offset %" PRIu64 " of '%s'",
                                     out.size(), offset, path_.c_str());
        }
        if (got == 0) {
            return Error::make("'%s' ends at %" PRIu64 " though it had %" PRIu64
                               " bytes when it was opened",
                               path_.c_str(), offset, size_);
        }
        offset += static_cast<uint64_t>(got);
        out = out.subspan(static_cast<size_t>(got));
    }
    return {};
}

guest::RamExtent FileSource::extent(uint64_t offset, uint64_t limit) const {
    return runs_.extent(offset, limit);
}

}  // namespace guestdump::vmcore
