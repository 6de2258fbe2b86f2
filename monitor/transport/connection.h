// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <glib.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "monitor/transport/session.h"
#include "util/unique_fd.h"

namespace guestdump::monitor {

/// One client on the main loop: bytes from its descriptor into a session, and back. Never blocks.
///
/// A client that does not read is not read from either while kMaxUnread bytes wait for it, and
/// nothing is begun for it. Events and late replies add to them all the same; when kMaxBacklog wait
/// beside the largest message of them, the client is given up, because one that had missed an event
/// could wait for it for ever.
///
/// A client that has ended its side is served until it has taken what waits for it.
class Connection final : public Wire {
  public:
    static constexpr size_t kMaxUnread = size_t{64} << 10;
    static constexpr size_t kMaxBacklog = size_t{4} << 20;

    /// Called once, from the main loop, when the client has gone; may destroy the connection.
    using Closed = std::function<void()>;

    /// @in and @out may be one descriptor, a socket, given as @in alone. They become non-blocking.
    Connection(util::UniqueFd in, util::UniqueFd out, const SessionFactory& begin, Closed closed);
    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void send(std::string_view text) override;
    void set_reading(bool reading) override;
    bool crowded() const override { return unsent_.size() >= kMaxUnread; }

  private:
    static gboolean readable(gint fd, GIOCondition condition, gpointer self);
    static gboolean writable(gint fd, GIOCondition condition, gpointer self);
    static gboolean gone(gpointer self);
    int out_fd() const { return out_ ? out_.get() : in_.get(); }
    void read_once();
    void flush();
    void watch();
    void end_of_input();
    void end_when_all_is_said();
    void close_soon();

    util::UniqueFd in_, out_;
    Closed closed_;
    std::string unsent_;
    size_t largest_ = 0;  ///< of the messages that unsent_ has, or is the end of
    bool session_reads_ = true;
    bool ended_ = false;  ///< the client's side
    bool closing_ = false;
    guint read_source_ = 0, write_source_ = 0, close_source_ = 0;
    std::unique_ptr<Session> session_;  ///< last: it may send while it is made
};

}  // namespace guestdump::monitor
