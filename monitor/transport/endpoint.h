// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <glib.h>

#include <memory>
#include <string>
#include <variant>

#include "monitor/transport/connection.h"
#include "monitor/transport/session.h"
#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::monitor {

struct ListenAt {
    std::string path;
};
/// A listening socket that the parent process has passed to this program.
struct ListenOn {
    util::UniqueFd fd;
};
struct ConnectTo {
    std::string path;
};
struct Stdio {};
using Address = std::variant<ListenAt, ListenOn, ConnectTo, Stdio>;

/// The place at which clients of a monitor connect. One client is served at a time: another one
/// that connects gets its greeting after the first has gone. [by experiment with QEMU 7.2]
///
/// If the process has no file descriptor left for a client, the client waits and is accepted later;
/// this is tried every kPauseMs.
///
/// Lives on the main loop. A socket that it created is removed when it is destroyed.
class Endpoint {
  public:
    static constexpr guint kPauseMs = 200;

    /// Errors: those of util/unix_socket.h.
    static util::Result<std::unique_ptr<Endpoint>> open(Address address, SessionFactory begin);
    ~Endpoint();
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;

    bool has_client() const { return connection_ != nullptr; }

  private:
    explicit Endpoint(SessionFactory begin) : begin_(std::move(begin)) {}

    util::Result<> start(ListenAt address);
    util::Result<> start(ListenOn address);
    util::Result<> start(ConnectTo address);
    util::Result<> start(Stdio address);
    static gboolean pause_ends(gpointer self);
    static gboolean client_waits(gint fd, GIOCondition condition, gpointer self);
    void listen();
    void serve(util::UniqueFd in, util::UniqueFd out);

    SessionFactory begin_;
    std::string bound_path_;  ///< removed when the endpoint is destroyed
    util::UniqueFd listener_;
    guint listen_source_ = 0;  ///< waits for a client, or for the end of a pause
    std::unique_ptr<Connection> connection_;
};

}  // namespace guestdump::monitor
