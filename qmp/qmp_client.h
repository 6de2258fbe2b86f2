// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "qapi/json.h"
#include "qapi/json_stream.h"
#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::qmp {

/// A conversation with a machine's QMP monitor, ours or QEMU's: one command at a time, events as
/// they come. One thread.
///
/// The errors of all functions: the machine has closed the connection, or says what is no QMP; a
/// wait was ended by the descriptor of interrupt_by(), with EINTR.
class QmpClient {
  public:
    struct Event {
        qapi::Json data;
        uint64_t replies;  ///< that had come before it, as replies() counts them
    };

    /// Connects to the socket @path and negotiates. A monitor serves one client at a time: while it
    /// serves another one, this waits.
    static util::Result<std::unique_ptr<QmpClient>> connect(const std::string& path);

    /// From here on waits end when @fd, which must outlive this, is readable.
    void interrupt_by(int fd) { interrupt_ = fd; }
    int interrupted_by() const { return interrupt_; }

    /// What @command returns. @fd goes with it by SCM_RIGHTS; -1 is none.
    ///
    /// Errors: those that the machine answers with, by their text.
    util::Result<qapi::Json> execute(std::string_view command, qapi::Json arguments = nullptr,
                                     int fd = -1);

    /// execute() in two parts: sends @command, and what it returns. After a wait that was
    /// interrupted, reply() may be called once more.
    util::Result<> ask(std::string_view command, qapi::Json arguments = nullptr, int fd = -1);
    util::Result<qapi::Json> reply();

    /// How many replies have been taken.
    uint64_t replies() const { return taken_; }

    /// Waits for an event, and no longer than @patience. True: there may be a new one.
    util::Result<bool> wait(std::chrono::milliseconds patience);

    /// The oldest event of that name, taken; empty where none has come.
    std::optional<Event> take_event(std::string_view name);

    /// Drops those events of that name that have come.
    void forget_events(std::string_view name);

  private:
    explicit QmpClient(util::UniqueFd socket);

    util::Result<> negotiate();
    util::Result<> send(const std::string& text, int fd);
    util::Result<> read_some();
    util::Result<> must_wait(short events);
    util::Result<bool> poll_for(short events, int timeout);
    util::Result<qapi::Json> next_message();

    util::UniqueFd socket_;
    int interrupt_ = -1;
    unsigned unanswered_ = 0;                        ///< commands whose replies are still to come
    std::deque<util::Result<qapi::Json>> messages_;  ///< that came, events apart
    uint64_t come_ = 0, taken_ = 0;                  ///< messages_, of all time
    std::deque<Event> events_;                       ///< with all of the message as data
    qapi::JsonStream stream_;
};

}  // namespace guestdump::qmp
