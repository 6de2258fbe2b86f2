// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/transport/connection.h"

#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <utility>

#include "monitor/transport/socket_message.h"

namespace guestdump::monitor {
namespace {

constexpr GIOCondition kReadable = static_cast<GIOCondition>(G_IO_IN | G_IO_HUP | G_IO_ERR);
constexpr GIOCondition kWritable = static_cast<GIOCondition>(G_IO_OUT | G_IO_HUP | G_IO_ERR);

bool try_again_later(int os_error) {
    return os_error == EAGAIN || os_error == EWOULDBLOCK || os_error == EINTR;
}

/// As write(), but without SIGPIPE if the client has gone.
ssize_t write_quietly(int fd, std::string_view text) {
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    return sent < 0 && errno == ENOTSOCK ? ::write(fd, text.data(), text.size()) : sent;
}

void remove_source(guint& source) {
    if (source != 0) g_source_remove(std::exchange(source, 0));
}

}  // namespace

Connection::Connection(util::UniqueFd in, util::UniqueFd out, const SessionFactory& begin,
                       Closed closed)
    : in_(std::move(in)), out_(std::move(out)), closed_(std::move(closed)) {
    g_unix_set_fd_nonblocking(in_.get(), TRUE, nullptr);
    g_unix_set_fd_nonblocking(out_fd(), TRUE, nullptr);
    session_ = begin(*this);
    watch();
}

Connection::~Connection() {
    session_.reset();  // first, because it may still send while it is destroyed
    remove_source(read_source_);
    remove_source(write_source_);
    remove_source(close_source_);
}

void Connection::send(std::string_view text) {
    if (closing_) return;
    largest_ = std::max(unsent_.empty() ? 0 : largest_, text.size());
    unsent_ += text;
    flush();
    // A socket does not take a large message at once, even if the client reads it.
    if (unsent_.size() > kMaxBacklog + largest_) close_soon();
    watch();
}

void Connection::set_reading(bool reading) {
    session_reads_ = reading;
    watch();
}

void Connection::flush() {
    size_t sent = 0;
    while (sent < unsent_.size()) {
        const ssize_t n = write_quietly(out_fd(), std::string_view(unsent_).substr(sent));
        if (n < 0) {
            if (errno == EINTR) continue;
            if (!try_again_later(errno)) close_soon();
            break;
        }
        sent += static_cast<size_t>(n);
    }
    unsent_.erase(0, sent);
}

/// Watches the descriptors for exactly what is needed now.
void Connection::watch() {
    const bool read = !closing_ && !ended_ && session_reads_ && !crowded();
    const bool write = !closing_ && (ended_ || !unsent_.empty());
    if (!read) remove_source(read_source_);
    if (!write) remove_source(write_source_);
    if (read && read_source_ == 0) {
        read_source_ = g_unix_fd_add(in_.get(), kReadable, &Connection::readable, this);
    }
    if (write && write_source_ == 0) {
        write_source_ = g_unix_fd_add(out_fd(), kWritable, &Connection::writable, this);
    }
}

gboolean Connection::readable(gint, GIOCondition, gpointer self) {
    static_cast<Connection*>(self)->read_once();
    return G_SOURCE_CONTINUE;
}

gboolean Connection::writable(gint, GIOCondition, gpointer self) {
    auto* connection = static_cast<Connection*>(self);
    connection->flush();
    if (!connection->crowded()) connection->session_->go_on();
    connection->end_when_all_is_said();
    connection->watch();
    return G_SOURCE_CONTINUE;
}

void Connection::read_once() {
    std::array<char, 4096> buffer;
    Received received = receive(in_.get(), buffer);
    if (received.size > 0) {
        const std::string_view text(buffer.data(), static_cast<size_t>(received.size));
        session_->receive(text, std::move(received.fds));
    } else if (received.size == 0) {
        end_of_input();
    } else if (!try_again_later(errno)) {
        close_soon();
    }
}

/// The client sends nothing more, but it may still read the replies that it has asked for. If it
/// has gone, writing to it fails.
void Connection::end_of_input() {
    ended_ = true;
    end_when_all_is_said();
    watch();
}

void Connection::end_when_all_is_said() {
    if (ended_ && unsent_.empty()) close_soon();
}

/// Closes later, from the main loop: the session may be in the middle of a call.
void Connection::close_soon() {
    if (std::exchange(closing_, true)) return;
    watch();
    // Not with idle priority: while other clients keep the loop busy it would never run.
    close_source_ = g_idle_add_full(G_PRIORITY_DEFAULT, &Connection::gone, this, nullptr);
}

gboolean Connection::gone(gpointer self) {
    auto* connection = static_cast<Connection*>(self);
    connection->close_source_ = 0;
    const Closed closed = std::move(connection->closed_);
    closed();
    return G_SOURCE_REMOVE;
}

}  // namespace guestdump::monitor
