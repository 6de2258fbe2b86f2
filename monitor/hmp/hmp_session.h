// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>

#include "monitor/monitor.h"
#include "monitor/transport/session.h"
#include "util/weak_this.h"

namespace guestdump::monitor {

/// A person, or a script that acts like one: a prompt, a line, what it gives, a prompt.
class HmpSession final : public Session {
  public:
    /// Bytes of a line; what is longer is cut off.
    static constexpr size_t kMaxLine = 4096;

    /// @echo: the client's side does not show what is typed, so the session does.
    HmpSession(Services& services, Wire& wire, bool echo);

    void receive(std::string_view text, std::vector<util::UniqueFd> fds) override;
    void go_on() override { work_off(); }

  private:
    void work_off();
    void type(char c);
    void run();
    void prompt();

    Wire& wire_;
    Monitor monitor_;
    const bool echo_;
    std::string typed_;  ///< and not looked at yet
    std::string line_;
    bool busy_ = false;                     ///< a command has not replied yet
    bool working_ = false;                  ///< inside work_off()
    util::WeakThis<HmpSession> weak_this_;  ///< for late replies
};

}  // namespace guestdump::monitor
