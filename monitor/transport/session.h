// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "util/unique_fd.h"

namespace guestdump::monitor {

/// The connection as its session sees it.
class Wire {
  public:
    virtual ~Wire() = default;

    /// Never blocks and never calls the session.
    virtual void send(std::string_view text) = 0;

    /// False: stop reading from the client until the session has caught up.
    virtual void set_reading(bool reading) = 0;

    /// True while too many bytes wait for the client: no further command should start.
    virtual bool crowded() const = 0;
};

/// A conversation with one client: text in, text out.
class Session {
  public:
    virtual ~Session() = default;

    /// Takes @text, which may end anywhere, and the descriptors that came with it.
    virtual void receive(std::string_view text, std::vector<util::UniqueFd> fds) = 0;

    /// Called when the wire is not crowded, so that waiting commands can go on.
    virtual void go_on() {}
};

/// Begins a conversation. @wire outlives the session.
using SessionFactory = std::function<std::unique_ptr<Session>(Wire& wire)>;

}  // namespace guestdump::monitor
