// SPDX-License-Identifier: GPL-2.0-or-later
#include "qmp/qmp_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <thread>
#include <utility>

#include "qapi/visit.h"
#include "qmp/reply.h"
#include "util/unix_socket.h"

namespace guestdump::qmp {

using qapi::Json;

namespace {

/// Makes @message pass @fd by SCM_RIGHTS. The control message is in @room.
void attach(msghdr& message, std::span<std::byte> room, int fd) {
    message.msg_control = room.data();
    message.msg_controllen = room.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
}

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// Limit on the first line of a server that is no QMP monitor, bytes.
constexpr size_t kMostFirst = 1024;

struct OtherServer {
    std::string_view prefix;  ///< of its first line
    const char* name;         ///< with the article
};
constexpr OtherServer kOtherServers[] = {
    {"HTTP/", "an HTTP server"},
    {"SSH-", "an SSH server"},
    {"RFB ", "a VNC server"},
};

/// "QEMU 7.2.22 monitor - type 'help' for more information". [qemu monitor/hmp.c]
bool is_hmp_greeting(std::string_view line) {
    return line.find(" monitor - type 'help'") != line.npos || line.starts_with("(qemu)");
}

/// Microseconds since 1970, by the member "timestamp" of @event; 0 if it has none.
int64_t time_of(json_object* event) {
    json_object* const timestamp = qapi::find(event, "timestamp");
    int64_t seconds = 0, microseconds = 0;
    if (!qapi::from_json(qapi::find(timestamp, "seconds"), "seconds", seconds) ||
        !qapi::from_json(qapi::find(timestamp, "microseconds"), "microseconds", microseconds)) {
        return 0;
    }
    return seconds * 1000000 + microseconds;
}

double seconds(milliseconds time) {
    return std::chrono::duration<double>(time).count();
}

/// Returns how long to poll, milliseconds, after a wait of @waited; -1: without limit.
int timeout_after(milliseconds waited, bool told, const Patience& patience) {
    std::optional<milliseconds> next = patience.limit;
    if (!told && patience.notice)
        next = std::min(next.value_or(patience.before_notice), patience.before_notice);
    if (!next) return -1;
    return static_cast<int>(std::clamp<int64_t>((*next - waited).count(), 0, INT32_MAX));
}

/// A listener whose queue of clients is full has no event for a place in it, so this asks again and
/// again.
Result<util::UniqueFd> connect_patiently(const std::string& path, const Patience& patience) {
    constexpr auto kPause = milliseconds(50);
    const auto start = Clock::now();
    for (bool told = false;;) {
        util::UniqueFd socket = TRY(util::try_connect_to(path));
        if (socket) return socket;
        const auto waited = std::chrono::duration_cast<milliseconds>(Clock::now() - start);
        if (patience.limit && waited >= *patience.limit) {
            return Error::from_errno(ETIMEDOUT, "'%s': its queue of clients was full for %.1f s",
                                     path.c_str(), seconds(waited));
        }
        if (!told && waited >= patience.before_notice && patience.notice) {
            patience.notice("a place in the full queue of clients");
            told = true;
        }
        std::this_thread::sleep_for(kPause);
    }
}

}  // namespace

QmpClient::QmpClient(util::UniqueFd socket, Patience patience)
    : socket_(std::move(socket)),
      patience_(std::move(patience)),
      stream_([this](Result<Json> message) {
          const bool event = message && qapi::find(message->get(), "event");
          if (event) {
              events_.push_back({std::move(message).take(), come_, 0});
          } else {
              ++come_;
              messages_.push_back(std::move(message));
          }
      }) {}

Result<std::unique_ptr<QmpClient>> QmpClient::connect(const std::string& path, Patience patience) {
    util::UniqueFd socket = TRY(connect_patiently(path, patience));
    std::unique_ptr<QmpClient> client(new QmpClient(std::move(socket), std::move(patience)));
    if (auto done = client->negotiate(); !done) {
        return std::move(done).take_error().while_("'%s'", path.c_str());
    }
    return client;
}

Result<> QmpClient::negotiate() {
    awaited_ = "the greeting; another client may hold this monitor, which serves one at a time";
    const Result<Json> greeting = next_message();
    if (!greeting && first_.empty()) return greeting.error();
    if (!greeting || !qapi::find(greeting->get(), "QMP")) return not_qmp();
    negotiated_ = true;
    TRY(execute("qmp_capabilities"));
    return {};
}

/// Says what is there instead of a QMP monitor, by its first line.
Error QmpClient::not_qmp() {
    constexpr auto kRestOfLine = std::chrono::milliseconds(200);
    while (first_.find('\n') == first_.npos && first_.size() < kMostFirst) {
        const Result<bool> more = wait(kRestOfLine);
        if (!more || !*more) break;
    }
    const std::string_view line = std::string_view(first_).substr(0, first_.find_first_of("\r\n"));
    if (is_hmp_greeting(line)) {
        return Error::make(
            "this is an HMP monitor, for people: give the socket of a QMP monitor (-qmp)");
    }
    for (const OtherServer& server : kOtherServers) {
        if (line.starts_with(server.prefix))
            return Error::make("this is %s, and no QMP monitor", server.name);
    }
    return Error::make("this is no QMP monitor, it sends '%s'", std::string(line).c_str());
}

Result<Json> QmpClient::execute(std::string_view command, Json arguments, int fd) {
    TRY(ask(command, std::move(arguments), fd));
    return reply();
}

Result<> QmpClient::ask(std::string_view command, Json arguments, int fd) {
    const Json request = qapi::make_object();
    qapi::add(request, "execute", qapi::to_json(command));
    if (arguments) qapi::add(request, "arguments", std::move(arguments));
    awaited_ = "the machine to take " + std::string(command);
    TRY(send(qapi::to_text(request.get()) + "\r\n", fd));
    awaited_ = "the reply to " + std::string(command);
    ++unanswered_;
    return {};
}

Result<Json> QmpClient::reply() {
    // Takes the replies that an interrupted wait has left first.
    for (; unanswered_ > 1; --unanswered_) TRY(next_message());
    const Json reply = TRY(next_message());
    unanswered_ = 0;
    return result_of(reply.get());
}

Result<pid_t> QmpClient::peer() const {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return Error::from_errno(errno, "asking who listens at the socket");
    return peer.pid;
}

Result<bool> QmpClient::wait(std::chrono::milliseconds patience) {
    const bool came = TRY(poll_for(POLLIN, static_cast<int>(patience.count())));
    if (came) TRY(read_some());
    return came;
}

void QmpClient::forget_events(std::string_view name) {
    while (take_event(name)) continue;
}

std::optional<QmpClient::Event> QmpClient::take_event(std::string_view name) {
    const auto found = std::ranges::find_if(events_, [&](const Event& event) {
        return string_member(event.data.get(), "event") == name;
    });
    if (found == events_.end()) return std::nullopt;
    Event event{qapi::share(qapi::find(found->data.get(), "data")), found->replies,
                time_of(found->data.get())};
    events_.erase(found);
    return event;
}

Result<> QmpClient::send(const std::string& text, int fd) {
    std::string_view left = text;
    while (!left.empty()) {
        TRY(must_wait(POLLOUT));
        iovec bytes{const_cast<char*>(left.data()), left.size()};
        msghdr message{};
        message.msg_iov = &bytes;
        message.msg_iovlen = 1;
        alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof fd)> room{};
        if (fd >= 0) attach(message, room, fd);
        const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (sent < 0) return Error::from_errno(errno, "talking to the machine");
        left.remove_prefix(static_cast<size_t>(sent));
        fd = -1;  // sent with the first byte
    }
    return {};
}

Result<Json> QmpClient::next_message() {
    while (messages_.empty()) {
        TRY(must_wait(POLLIN));
        TRY(read_some());
    }
    Result<Json> message = std::move(messages_.front());
    messages_.pop_front();
    ++taken_;
    return message;
}

Result<> QmpClient::read_some() {
    std::array<char, 4096> buffer;
    const size_t size = TRY(receive(buffer));
    if (!negotiated_) first_.append(buffer.data(), size);
    stream_.feed({buffer.data(), size});
    return {};
}

/// Returns the number of bytes, 0 if none is there yet.
Result<size_t> QmpClient::receive(std::span<char> buffer) {
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) return size_t{0};
    if (size < 0) return Error::from_errno(errno, "listening to the machine");
    if (size == 0) return Error::make("the machine has closed the connection");
    return static_cast<size_t>(size);
}

Result<> QmpClient::inherit() {
    // QEMU's parser drops what it has of a command when it gets a byte 0xff, which JSON never has.
    // [qemu qobject/json-lexer.c]
    const std::string mark = "guestdump-" + std::to_string(::getpid());
    TRY(send("\xff{\"execute\": \"query-status\", \"id\": \"" + mark + "\"}\r\n", -1));
    awaited_ = "the machine to answer the process that goes on with the conversation";
    TRY(drop_until('"' + mark + '"'));
    unanswered_ = 0;
    messages_.clear();
    events_.clear();
    return {};
}

/// Drops what the machine sends up to the line that contains @mark. Each reply is one line. [qemu
/// docs/interop/qmp-spec]
Result<> QmpClient::drop_until(const std::string& mark) {
    std::string line;
    std::array<char, 4096> buffer;
    while (true) {
        TRY(must_wait(POLLIN));
        const size_t size = TRY(receive(buffer));
        for (size_t i = 0; i < size; ++i) {
            line += buffer[i];
            if (buffer[i] != '\n') continue;
            if (line.find(mark) != line.npos) {
                stream_.feed({buffer.data() + i + 1, size - i - 1});
                return {};
            }
            line.clear();
        }
    }
}

Result<> QmpClient::must_wait(short events) {
    const auto start = Clock::now();
    bool told = false;
    while (true) {
        const auto waited = std::chrono::duration_cast<milliseconds>(Clock::now() - start);
        const bool came = TRY(poll_for(events, timeout_after(waited, told, patience_)));
        if (came) return {};
        TRY(wait_longer(std::chrono::duration_cast<milliseconds>(Clock::now() - start), told));
    }
}

/// Decides what a wait of @waited without success means. @told: the notice has been given.
Result<> QmpClient::wait_longer(milliseconds waited, bool& told) {
    if (patience_.limit && waited >= *patience_.limit)
        return Error::from_errno(ETIMEDOUT, "%.1f s of waiting for %s", seconds(waited),
                                 awaited_.c_str());
    if (told || waited < patience_.before_notice || !patience_.notice) return {};
    patience_.notice(awaited_);
    told = true;
    return {};
}

/// Returns false after @timeout milliseconds; -1 means no limit.
Result<bool> QmpClient::poll_for(short events, int timeout) {
    std::array<pollfd, 2> waits = {{
        {.fd = socket_.get(), .events = events, .revents = 0},
        {.fd = interrupt_, .events = POLLIN, .revents = 0},
    }};
    const int ready = ::poll(waits.data(), waits.size(), timeout);
    if (ready < 0 && errno != EINTR) return Error::from_errno(errno, "waiting for the machine");
    if (ready > 0 && waits[1].revents) return Error::from_errno(EINTR, "waiting for the machine");
    return ready > 0;
}

}  // namespace guestdump::qmp
