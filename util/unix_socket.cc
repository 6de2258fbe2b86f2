// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace guestdump::util {
namespace {

using util::UniqueFd;

/// Clients that may wait while another one is served.
constexpr int kBacklog = 16;
constexpr mode_t kPrivate = 0600;

Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    if (path.empty()) return Error::make("the path of a UNIX socket is empty");
    if (path.size() >= sizeof address.sun_path) {
        return Error::make("UNIX socket path '%s' is too long: %zu bytes of at most %zu",
                           path.c_str(), path.size(), sizeof address.sun_path - 1);
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

Result<UniqueFd> make_socket(int flags = 0) {
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    if (!fd) return Error::from_errno(errno, "making a UNIX socket");
    return fd;
}

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

/// Removes the socket of a process that has ended. Errors: it is in use; it is not a socket.
Result<> remove_stale(const std::string& path) {
    struct stat status = {};
    if (lstat(path.c_str(), &status) != 0) {
        if (errno == ENOENT) return {};
        return Error::from_errno(errno, "looking at '%s'", path.c_str());
    }
    if (!S_ISSOCK(status.st_mode)) {
        return Error::make("'%s' is there already, and not a socket", path.c_str());
    }
    if (connect_to(path)) {
        return Error::from_errno(EADDRINUSE, "Failed to bind socket to %s", path.c_str());
    }
    if (unlink(path.c_str()) != 0 && errno != ENOENT) {
        return Error::from_errno(errno, "removing the stale socket '%s'", path.c_str());
    }
    return {};
}

}  // namespace

Result<UniqueFd> listen_at(const std::string& path) {
    const sockaddr_un address = TRY(address_of(path));
    TRY(remove_stale(path));
    UniqueFd fd = TRY(make_socket());
    // Whoever connects controls the machine. On Linux the file gets the mode of the socket.
    if (fchmod(fd.get(), kPrivate) != 0) {
        return Error::from_errno(errno, "making the socket %s private", path.c_str());
    }
    if (bind(fd.get(), generic(address), sizeof address) != 0) {
        return Error::from_errno(errno, "Failed to bind socket to %s", path.c_str());
    }
    if (listen(fd.get(), kBacklog) != 0) {
        return Error::from_errno(errno, "Failed to listen on socket %s", path.c_str());
    }
    return fd;
}

Result<UniqueFd> connect_to(const std::string& path) {
    const sockaddr_un address = TRY(address_of(path));
    UniqueFd fd = TRY(make_socket());
    if (connect(fd.get(), generic(address), sizeof address) != 0) {
        return Error::from_errno(errno, "Failed to connect to '%s'", path.c_str());
    }
    return fd;
}

Result<UniqueFd> try_connect_to(const std::string& path) {
    const sockaddr_un address = TRY(address_of(path));
    UniqueFd fd = TRY(make_socket(SOCK_NONBLOCK));
    if (connect(fd.get(), generic(address), sizeof address) == 0) return fd;
    if (errno == EAGAIN) return UniqueFd();
    return Error::from_errno(errno, "Failed to connect to '%s'", path.c_str());
}

Result<> check_listens(int fd) {
    int listens = 0;
    socklen_t size = sizeof listens;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0) {
        return Error::from_errno(errno, "file descriptor %d", fd);
    }
    if (listens == 0) return Error::make("file descriptor %d: the socket does not listen", fd);
    return {};
}

UniqueFd accept_client(int listener) {
    return UniqueFd(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
}

}  // namespace guestdump::util
