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

/// One client, served on the main loop: passes bytes from its descriptor to a session and back.
/// Never blocks.
///
/// A client that does not read its replies is not read from, and no command of it is started, while
/// kMaxUnread bytes wait for it. Events and late replies are added all the same. If more than
/// kMaxBacklog bytes wait in addition to the largest message, the client is disconnected: if one
/// of its events were dropped instead, it might wait for that event for ever.
///
/// If the client closes its side, it is served until it has received everything that waits for it.
class Connection final : public Wire {
  public:
    static constexpr size_t kMaxUnread = size_t{64} << 10;
    static constexpr size_t kMaxBacklog = size_t{4} << 20;

    /// Called once, from the main loop, when the client has gone. It may destroy the connection.
    using Closed = std::function<void()>;

    /// @in alone is a socket for both directions; otherwise @out is for writing. Both become
    /// non-blocking.
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
    size_t largest_ = 0;  ///< bytes of the largest message of which unsent_ holds at least the end
    bool session_reads_ = true;
    bool ended_ = false;  ///< the client has closed its side
    bool closing_ = false;
    guint read_source_ = 0, write_source_ = 0, close_source_ = 0;
    std::unique_ptr<Session> session_;  ///< created last, because it may send at once
};

}  // namespace guestdump::monitor
