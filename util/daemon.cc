// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/daemon.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "util/text.h"

namespace guestdump::util {
namespace {

/// Runs in the original process: waits until the new one reports through the pipe that it is ready,
/// or ends. Then this process ends too.
[[noreturn]] void wait_for(UniqueFd ready) {
    char byte = 0;
    ssize_t got = 0;
    do {
        got = ::read(ready.get(), &byte, 1);
    } while (got < 0 && errno == EINTR);
    // No destructors and no flushing of buffers: the new process owns all of that now.
    ::_exit(got == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}

std::string absolute(const std::string& path) {
    if (path.starts_with('/')) return path;
    char* const directory = ::get_current_dir_name();
    if (!directory) return path;
    std::string result = std::string(directory) + "/" + path;
    std::free(directory);
    return result;
}

}  // namespace

Result<Daemon> Daemon::start() {
    std::array<int, 2> ends;
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return Error::from_errno(errno, "-daemonize: creating a pipe");
    UniqueFd read_end(ends[0]), write_end(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) return Error::from_errno(errno, "-daemonize: creating a process");
    if (child > 0) {
        write_end.reset();
        wait_for(std::move(read_end));
    }
    ::setsid();
    return Daemon(std::move(write_end));
}

Result<> Daemon::detach() {
    const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null) return Error::from_errno(errno, "-daemonize: opening '/dev/null'");
    if (::chdir("/") != 0) return Error::from_errno(errno, "-daemonize: changing to '/'");
    for (int fd = 0; fd <= 2; ++fd) ::dup2(null.get(), fd);
    const char byte = 1;
    if (::write(ready_.get(), &byte, 1) != 1)
        return Error::from_errno(errno, "-daemonize: becoming ready");
    ready_.reset();
    return {};
}

namespace {

/// Opens and locks @path. The previous owner may have removed the file between these two steps.
/// Then the locked file has no name, and this tries again.
Result<UniqueFd> open_locked(const std::string& path) {
    while (true) {
        UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        if (!fd) return Error::from_errno(errno, "cannot create PID file '%s'", path.c_str());
        struct flock lock {};
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        if (::fcntl(fd.get(), F_SETLK, &lock) != 0) {
            return Error::from_errno(errno, "PID file '%s' is held by another process",
                                     path.c_str());
        }
        struct stat ours, named;
        if (::fstat(fd.get(), &ours) != 0)
            return Error::from_errno(errno, "looking at PID file '%s'", path.c_str());
        const bool has_name = ::stat(path.c_str(), &named) == 0 && named.st_ino == ours.st_ino &&
                              named.st_dev == ours.st_dev;
        if (has_name) return fd;
    }
}

}  // namespace

Result<Pidfile> Pidfile::create(const std::string& path) {
    UniqueFd fd = TRY(open_locked(path));
    const std::string number = text("%d\n", ::getpid());
    if (::ftruncate(fd.get(), 0) != 0 ||
        ::write(fd.get(), number.data(), number.size()) != static_cast<ssize_t>(number.size())) {
        return Error::from_errno(errno, "writing PID file '%s'", path.c_str());
    }
    return Pidfile(absolute(path), std::move(fd));
}

Pidfile::~Pidfile() {
    if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace guestdump::util
