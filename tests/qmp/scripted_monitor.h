// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/results.h"
#include "tests/support/scratch.h"
#include "util/unix_socket.h"

namespace guestdump::qmp {

/// A monitor that sends what the test gives it: the greeting, and one text after each request. If a
/// text is empty, it makes the eventfd @silent readable instead, if there is one. If a text begins
/// with kLate, it first makes @silent readable and waits until it was read.
class ScriptedMonitor {
  public:
    static constexpr std::string_view kGreeting = "{\"QMP\": {}}\r\n";
    static constexpr std::string_view kOk = "{\"return\": {}}\r\n";
    static constexpr std::string_view kLate = "late:";

    explicit ScriptedMonitor(std::vector<std::string_view> texts, int silent = -1)
        : silent_(silent),
          listener_(support::must(util::listen_at(path()))),
          thread_([this, texts = std::move(texts)] { serve(texts); }) {}

    std::string path() const { return scratch_.path("q"); }

  private:
    static bool is_readable(int fd) {
        pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
        return ::poll(&wait, 1, 0) > 0;
    }

    void serve(const std::vector<std::string_view>& texts) {
        const util::UniqueFd client = util::accept_client(listener_.get());
        for (std::string_view text : texts) {
            char request[4096];
            if (text.starts_with(kLate)) {
                text.remove_prefix(kLate.size());
                ::eventfd_write(silent_, 1);
                while (is_readable(silent_)) ::sched_yield();
            }
            ::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL);
            if (text.empty() && silent_ >= 0) ::eventfd_write(silent_, 1);
            if (::recv(client.get(), request, sizeof request, 0) <= 0) return;
        }
    }

    const support::Scratch scratch_;
    int silent_;
    util::UniqueFd listener_;
    std::jthread thread_;
};

}  // namespace guestdump::qmp
