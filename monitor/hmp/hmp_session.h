// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>

#include "monitor/monitor.h"
#include "monitor/transport/session.h"
#include "util/weak_this.h"

namespace guestdump::monitor {

/// A session with a person or with a script that acts like one: prompt, line, output, prompt.
class HmpSession final : public Session {
  public:
    /// Most bytes of a line. The rest is dropped.
    static constexpr size_t kMaxLine = 4096;

    /// @echo: the client does not show what is typed, so the session sends it back.
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
    std::string typed_;  ///< not processed yet
    std::string line_;
    bool busy_ = false;                     ///< a command has not replied yet
    bool working_ = false;                  ///< inside work_off()
    util::WeakThis<HmpSession> weak_this_;  ///< for late replies
};

}  // namespace guestdump::monitor
