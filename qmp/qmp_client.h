// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "qapi/json.h"
#include "qapi/json_stream.h"
#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::qmp {

/// How long a client waits for a silent machine, and whom it tells.
struct Patience {
    /// After this time of silence @notice is called, once for each wait.
    std::chrono::milliseconds before_notice = std::chrono::seconds(3);
    /// Gets a phrase that names what is being waited for. May be empty.
    std::function<void(const std::string& what)> notice{};
    /// After this time of silence the wait fails; empty: never.
    std::optional<std::chrono::milliseconds> limit{};
};

/// A client of a machine's QMP monitor, guestdump-vm's or QEMU's: one command at a time, with
/// events as they arrive. One thread.
///
/// Errors of all functions: the machine closed the connection or sent something that is not QMP,
/// which is named if its first line shows what it is; it was silent for longer than the limit;
/// EINTR if the descriptor of interrupt_by() ended a wait.
class QmpClient {
  public:
    struct Event {
        qapi::Json data;
        uint64_t replies;  ///< replies() when it arrived
        int64_t time_us;  ///< when it happened, by the machine: microseconds since 1970; 0: unknown
    };

    /// Connects to the socket @path and negotiates. A monitor serves one client at a time, so this
    /// waits while it serves another.
    static util::Result<std::unique_ptr<QmpClient>> connect(const std::string& path,
                                                            Patience patience = {});

    /// From now on, waits end when @fd, which must outlive this, is readable.
    void interrupt_by(int fd) { interrupt_ = fd; }
    int interrupted_by() const { return interrupt_; }

    /// Executes @command and returns its result. Passes @fd by SCM_RIGHTS unless it is -1.
    ///
    /// Errors: also the machine's error reply, with its text.
    util::Result<qapi::Json> execute(std::string_view command, qapi::Json arguments = nullptr,
                                     int fd = -1);

    /// execute() in two parts: ask() sends @command, and reply() waits for the result. After an
    /// interrupted wait, reply() may be called once more.
    util::Result<> ask(std::string_view command, qapi::Json arguments = nullptr, int fd = -1);
    util::Result<qapi::Json> reply();

    /// Continues the conversation of a process that has ended, whose descriptor this is. That
    /// process may have left a part of a command, or replies that nobody took: they are dropped,
    /// and so are events up to now.
    util::Result<> inherit();

    /// The socket. Owned by this object.
    int fd() const { return socket_.get(); }

    /// The process that listens at the socket; 0 if it is in another PID namespace. Errors: of
    /// getsockopt().
    util::Result<pid_t> peer() const;

    /// Number of replies taken so far.
    uint64_t replies() const { return taken_; }

    /// Waits for an event for at most @patience. Returns true if a new one may be there.
    util::Result<bool> wait(std::chrono::milliseconds patience);

    /// Removes and returns the oldest event with that name; empty if there is none.
    std::optional<Event> take_event(std::string_view name);

    /// Drops the events with that name that have arrived.
    void forget_events(std::string_view name);

  private:
    QmpClient(util::UniqueFd socket, Patience patience);

    util::Result<> negotiate();
    Error not_qmp();
    util::Result<> send(const std::string& text, int fd);
    util::Result<> read_some();
    util::Result<size_t> receive(std::span<char> buffer);
    util::Result<> drop_until(const std::string& mark);
    util::Result<> must_wait(short events);
    util::Result<> wait_longer(std::chrono::milliseconds waited, bool& told);
    util::Result<bool> poll_for(short events, int timeout);
    util::Result<qapi::Json> next_message();

    util::UniqueFd socket_;
    Patience patience_;
    std::string awaited_;  ///< what the machine is to send or take next
    std::string first_{};  ///< the first bytes that it sent, during the negotiation
    bool negotiated_ = false;
    int interrupt_ = -1;
    unsigned unanswered_ = 0;                        ///< commands without a reply so far
    std::deque<util::Result<qapi::Json>> messages_;  ///< received and not taken, without events
    uint64_t come_ = 0, taken_ = 0;                  ///< messages_, since the start
    std::deque<Event> events_;                       ///< with the whole message as data
    qapi::JsonStream stream_;
};

}  // namespace guestdump::qmp
