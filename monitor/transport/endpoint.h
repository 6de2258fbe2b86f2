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
/// A socket that already listens, from whoever started the program.
struct ListenOn {
    util::UniqueFd fd;
};
struct ConnectTo {
    std::string path;
};
struct Stdio {};
using Address = std::variant<ListenAt, ListenOn, ConnectTo, Stdio>;

/// A place where a monitor's clients come to, one at a time: who connects to a socket while another
/// client is served gets its greeting when that one has gone. [by experiment with QEMU 7.2]
///
/// While the process has no descriptor left for a client, the client waits, and is tried again
/// after kPauseMs.
///
/// Lives on the main loop. A socket that it made is removed with it.
class Endpoint {
  public:
    static constexpr guint kPauseMs = 200;

    /// Errors: of the sockets (monitor/unix_socket.h).
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
    std::string bound_path_;  ///< to be removed in the end
    util::UniqueFd listener_;
    guint listen_source_ = 0;  ///< what waits for a client, or pauses before it does
    std::unique_ptr<Connection> connection_;
};

}  // namespace guestdump::monitor
