// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/transport/endpoint.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "util/unix_socket.h"

namespace guestdump::monitor {

using util::UniqueFd;

namespace {

/// True for errors of accept() that last until the process or the host has resources again.
/// [accept(2)]
bool must_pause(int os_error) {
    return os_error == EMFILE || os_error == ENFILE || os_error == ENOBUFS || os_error == ENOMEM;
}

}  // namespace

Result<std::unique_ptr<Endpoint>> Endpoint::open(Address address, SessionFactory begin) {
    std::unique_ptr<Endpoint> endpoint(new Endpoint(std::move(begin)));
    TRY(std::visit([&](auto& kind) { return endpoint->start(std::move(kind)); }, address));
    return endpoint;
}

Endpoint::~Endpoint() {
    if (listen_source_ != 0) g_source_remove(listen_source_);
    if (!bound_path_.empty()) unlink(bound_path_.c_str());
}

Result<> Endpoint::start(ListenAt address) {
    listener_ = TRY(util::listen_at(address.path));
    bound_path_ = std::move(address.path);
    listen();
    return {};
}

Result<> Endpoint::start(ListenOn address) {
    TRY(util::check_listens(address.fd.get()));
    fcntl(address.fd.get(), F_SETFD, FD_CLOEXEC);  // the parent process could not set it
    listener_ = std::move(address.fd);
    listen();
    return {};
}

Result<> Endpoint::start(ConnectTo address) {
    UniqueFd client = TRY(util::connect_to(address.path));
    serve(std::move(client), UniqueFd());
    return {};
}

Result<> Endpoint::start(Stdio) {
    // Copies, so that closing the client does not close the program's own descriptors.
    UniqueFd in(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    UniqueFd out(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!in || !out) return Error::from_errno(errno, "taking over standard input and output");
    serve(std::move(in), std::move(out));
    return {};
}

void Endpoint::listen() {
    g_unix_set_fd_nonblocking(listener_.get(), TRUE, nullptr);
    listen_source_ = g_unix_fd_add(listener_.get(), G_IO_IN, &Endpoint::client_waits, this);
}

gboolean Endpoint::client_waits(gint fd, GIOCondition, gpointer self) {
    auto* endpoint = static_cast<Endpoint*>(self);
    UniqueFd client = util::accept_client(fd);
    if (!client && !must_pause(errno)) return G_SOURCE_CONTINUE;  // the client has gone again
    if (!client) {
        // The socket stays readable: watching it now would be a busy loop.
        endpoint->listen_source_ = g_timeout_add(kPauseMs, &Endpoint::pause_ends, self);
        return G_SOURCE_REMOVE;
    }
    endpoint->listen_source_ = 0;
    endpoint->serve(std::move(client), UniqueFd());
    return G_SOURCE_REMOVE;
}

gboolean Endpoint::pause_ends(gpointer self) {
    static_cast<Endpoint*>(self)->listen();
    return G_SOURCE_REMOVE;
}

void Endpoint::serve(UniqueFd in, UniqueFd out) {
    connection_ = std::make_unique<Connection>(std::move(in), std::move(out), begin_, [this] {
        connection_.reset();
        if (listener_) listen();
    });
}

}  // namespace guestdump::monitor
