// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "monitor/qmp/qmp_session.h"
#include "tests/monitor/test_machine.h"

namespace guestdump::monitor {

/// Collects what a session sends.
class TestWire final : public Wire {
  public:
    void send(std::string_view text) override { sent_ += text; }
    void set_reading(bool reading) override { reading_ = reading; }
    bool crowded() const override { return false; }

    /// Returns what was sent since the last call.
    std::string take() { return std::exchange(sent_, {}); }
    bool reading() const { return reading_; }

  private:
    std::string sent_;
    bool reading_ = true;
};

/// A QMP client with its session. It has read the greeting.
class TestClient {
  public:
    explicit TestClient(Services& services) : session_(services, wire_), greeting_(wire_.take()) {}

    /// Sends @text and returns the output that comes at once.
    std::string ask(std::string_view text, std::vector<util::UniqueFd> fds = {}) {
        session_.receive(text, std::move(fds));
        return wire_.take();
    }
    /// Returns the output since the last call.
    std::string take() { return wire_.take(); }
    const std::string& greeting() const { return greeting_; }
    bool may_send() const { return wire_.reading(); }

  private:
    TestWire wire_;
    QmpSession session_;
    std::string greeting_;
};

inline const std::string kOk = "{\"return\": {}}\r\n";

/// A client that has negotiated with @enable, a JSON list of capabilities.
struct Negotiated : TestClient {
    explicit Negotiated(Services& services, std::string_view enable = "[]");
};
inline constexpr std::string_view kOob = "[\"oob\"]";

/// An error reply of the given class.
std::string refused(const std::string& error_class, const std::string& desc);
/// An error reply of class GenericError.
std::string generic(const std::string& desc);

/// Fails the test if the texts differ, and shows both.
void check_text(const std::string& found, const std::string& expected,
                const char* file = __builtin_FILE(), int line = __builtin_LINE());

}  // namespace guestdump::monitor
