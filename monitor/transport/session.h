// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "util/unique_fd.h"

namespace guestdump::monitor {

/// What a session can do to the connection that it talks over.
class Wire {
  public:
    virtual ~Wire() = default;

    /// Never blocks, and never comes back into the session.
    virtual void send(std::string_view text) = 0;

    /// False: the client is to wait until the session has caught up with it.
    virtual void set_reading(bool reading) = 0;

    /// True while so much waits for the client that nothing more should be begun for it.
    virtual bool crowded() const = 0;
};

/// A conversation with one client: text in, text out.
class Session {
  public:
    virtual ~Session() = default;

    /// @text came, cut anywhere, and with it @fds.
    virtual void receive(std::string_view text, std::vector<util::UniqueFd> fds) = 0;

    /// The wire is not crowded, or not any more.
    virtual void go_on() {}
};

/// Begins a conversation; the wire outlives the session.
using SessionFactory = std::function<std::unique_ptr<Session>(Wire& wire)>;

}  // namespace guestdump::monitor
