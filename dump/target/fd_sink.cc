// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/target/fd_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cinttypes>
#include <climits>

#include "dump/target/durable.h"
#include "dump/target/targets.h"
#include "util/text.h"

namespace guestdump::dump {

namespace {

/// Size of one write: large enough to be cheap, small enough that interrupt() is noticed soon.
constexpr size_t kLargestWrite = size_t{1} << 20;

Error write_error(int os_error, size_t size, uint64_t offset, const std::string& name) {
    return Error::from_errno(os_error, "writing %zu bytes at offset %" PRIu64 " of '%s'", size,
                             offset, name.c_str());
}

/// Opens the same pipe or terminal again, so that O_NONBLOCK does not affect the client's
/// descriptor. Returns -1 if that fails.
util::UniqueFd reopen_nonblocking(int fd) {
    const std::string path = util::text("/proc/self/fd/%d", fd);
    return util::UniqueFd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
}

/// True for the master side of a pseudo-terminal: opening it would create another one.
/// [ioctl_tty(2)]
bool is_terminal_master(int fd) {
    int number = 0;
    return ::ioctl(fd, TIOCGPTN, &number) == 0;
}

}  // namespace

Result<> FileFdSink::write_at(uint64_t offset, std::span<const std::byte> data) {
    TRY(discard_old_content());
    while (!data.empty()) {
        if (interrupted_) return Error::make("cancelled");
        const ssize_t written =
            ::pwrite(fd_.get(), data.data(), data.size(), static_cast<off_t>(base_ + offset));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return write_error(errno, data.size(), base_ + offset, name_);
        if (written == 0) return write_error(ENOSPC, data.size(), base_ + offset, name_);
        offset += static_cast<size_t>(written);
        data = data.subspan(static_cast<size_t>(written));
    }
    return {};
}

Result<> FileFdSink::discard_old_content() {
    const std::lock_guard lock(mutex_);
    if (discarded_) return {};
    if (::ftruncate(fd_.get(), static_cast<off_t>(base_)) != 0) {
        return Error::from_errno(errno, "truncating '%s' to %" PRIu64 " bytes", name_.c_str(),
                                 base_);
    }
    discarded_ = true;
    return {};
}

Result<> FileFdSink::finish(uint64_t size) {
    TRY(discard_old_content());
    end_ = base_ + size;
    if (::ftruncate(fd_.get(), static_cast<off_t>(end_)) != 0) {
        return Error::from_errno(errno, "setting the size of '%s' to %" PRIu64 " bytes",
                                 name_.c_str(), end_);
    }
    // A process that shares the descriptor's position continues after the dump, as after plain
    // writes.
    ::lseek(fd_.get(), static_cast<off_t>(end_), SEEK_SET);
    return {};
}

/// So far the file has only accepted the bytes; fsync() reports if it cannot store them.
Result<> FileFdSink::commit() {
    TRY(write_back(fd_.get(), static_cast<off_t>(end_), name_,
                   [this] { return interrupted_.load(); }));
    TRY(sync_target(fd_.get(), name_));
    return close();
}

Result<> FileFdSink::close() {
    return close_checked(std::move(fd_), name_);
}

Result<std::unique_ptr<Sink>> StreamSink::create(util::UniqueFd fd, std::string name) {
    struct stat status;
    if (::fstat(fd.get(), &status) != 0)
        return Error::from_errno(errno, "looking at '%s'", name.c_str());
    util::Wakeup interrupted = TRY(util::Wakeup::create());
    Kind kind = Kind::other;
    if (S_ISSOCK(status.st_mode)) kind = Kind::socket;
    if (S_ISFIFO(status.st_mode)) kind = Kind::pipe;
    if (S_ISCHR(status.st_mode) && ::isatty(fd.get())) kind = Kind::terminal;
    if (kind == Kind::pipe || (kind == Kind::terminal && !is_terminal_master(fd.get()))) {
        // Close the original at once: as long as any copy is open, the reader does not see the end
        // of the file.
        if (util::UniqueFd own = reopen_nonblocking(fd.get())) {
            fd = std::move(own);
            kind = Kind::other;
        }
    }
    return std::unique_ptr<Sink>(
        new StreamSink(std::move(fd), std::move(interrupted), std::move(name), kind));
}

Result<> StreamSink::write_at(uint64_t offset, std::span<const std::byte> data) {
    TRY(skip_to(offset));
    return write_all(data);
}

Result<> StreamSink::skip_to(uint64_t offset) {
    static constexpr std::array<std::byte, 65536> kZeros{};
    if (offset < reached_) {
        return Error::make("'%s' cannot seek back from offset %" PRIu64 " to %" PRIu64,
                           name_.c_str(), reached_, offset);
    }
    while (reached_ < offset) {
        const size_t size = std::min<uint64_t>(kZeros.size(), offset - reached_);
        TRY(write_all(std::span(kZeros).first(size)));
    }
    return {};
}

Result<> StreamSink::write_all(std::span<const std::byte> data) {
    while (!data.empty()) {
        TRY(wait_writable());
        const ssize_t written = write_some(data.first(std::min(data.size(), kLargestWrite)));
        if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (written < 0) return write_error(errno, data.size(), reached_, name_);
        reached_ += static_cast<size_t>(written);
        data = data.subspan(static_cast<size_t>(written));
    }
    return {};
}

Result<> StreamSink::wait_writable() {
    const Result<bool> ready = util::wait_for(fd_.get(), POLLOUT, interrupted_.fd());
    if (!ready) {
        return Error::from_errno(ready.error().os_error(), "waiting for '%s'", name_.c_str());
    }
    if (!*ready) return Error::make("cancelled");
    return {};
}

ssize_t StreamSink::write_some(std::span<const std::byte> data) {
    switch (kind_) {
        case Kind::socket:
            return ::send(fd_.get(), data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        case Kind::pipe:
            // The descriptor may block: poll() only promises room for this many bytes. [POSIX:
            // PIPE_BUF]
            return ::write(fd_.get(), data.data(), std::min<size_t>(data.size(), PIPE_BUF));
        case Kind::terminal:
            // The descriptor may block: poll() only promises some room.
            return ::write(fd_.get(), data.data(), 1);
        case Kind::other:
            break;
    }
    return ::write(fd_.get(), data.data(), data.size());
}

Result<> StreamSink::finish(uint64_t size) {
    return skip_to(size);
}

Result<> StreamSink::commit() {
    if (is_storage(fd_.get())) {
        const off_t end = ::lseek(fd_.get(), 0, SEEK_CUR);
        TRY(write_back(fd_.get(), end, name_, [this] { return interrupted_.is_raised(); }));
        TRY(sync_target(fd_.get(), name_));
    }
    return close_checked(std::move(fd_), name_);
}

Result<std::unique_ptr<Sink>> make_fd_sink(util::UniqueFd fd, const std::string& name) {
    struct stat status;
    const int flags = ::fcntl(fd.get(), F_GETFL);
    if (flags < 0 || ::fstat(fd.get(), &status) != 0) {
        return Error::from_errno(errno, "looking at '%s'", name.c_str());
    }
    if ((flags & O_ACCMODE) == O_RDONLY || (flags & O_PATH)) {
        return Error::from_errno(EBADF, "'%s' is not open for writing", name.c_str());
    }
    if (!S_ISREG(status.st_mode) || (flags & O_APPEND))
        return StreamSink::create(std::move(fd), name);

    const off_t position = ::lseek(fd.get(), 0, SEEK_CUR);
    if (position < 0)
        return Error::from_errno(errno, "asking for the position of '%s'", name.c_str());
    std::unique_ptr<Sink> sink =
        std::make_unique<FileFdSink>(std::move(fd), name, static_cast<uint64_t>(position));
    return sink;
}

}  // namespace guestdump::dump
