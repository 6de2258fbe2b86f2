// SPDX-License-Identifier: GPL-2.0-or-later
#include "qmp/qmp_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "qapi/visit.h"
#include "util/unix_socket.h"

namespace guestdump::qmp {

using qapi::Json;

namespace {

std::string string_member(json_object* object, const char* key) {
    std::string text;
    json_object* member = qapi::find(object, key);
    if (member && qapi::from_json(member, key, text)) return text;
    return "";
}

/// The rights message that carries @fd, in @room.
void attach(msghdr& message, std::span<std::byte> room, int fd) {
    message.msg_control = room.data();
    message.msg_controllen = room.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
}

}  // namespace

QmpClient::QmpClient(util::UniqueFd socket)
    : socket_(std::move(socket)), stream_([this](Result<Json> message) {
          const bool event = message && qapi::find(message->get(), "event");
          if (event) {
              events_.push_back({std::move(message).take(), come_});
          } else {
              ++come_;
              messages_.push_back(std::move(message));
          }
      }) {}

Result<std::unique_ptr<QmpClient>> QmpClient::connect(const std::string& path) {
    util::UniqueFd socket = TRY(util::connect_to(path));
    std::unique_ptr<QmpClient> client(new QmpClient(std::move(socket)));
    if (auto done = client->negotiate(); !done) {
        return std::move(done).take_error().while_("'%s'", path.c_str());
    }
    return client;
}

Result<> QmpClient::negotiate() {
    const Json greeting = TRY(next_message());
    if (!qapi::find(greeting.get(), "QMP")) return Error::make("this is no QMP monitor");
    TRY(execute("qmp_capabilities"));
    return {};
}

Result<Json> QmpClient::execute(std::string_view command, Json arguments, int fd) {
    TRY(ask(command, std::move(arguments), fd));
    return reply();
}

Result<> QmpClient::ask(std::string_view command, Json arguments, int fd) {
    const Json request = qapi::make_object();
    qapi::add(request, "execute", qapi::to_json(command));
    if (arguments) qapi::add(request, "arguments", std::move(arguments));
    TRY(send(qapi::to_text(request.get()) + "\r\n", fd));
    ++unanswered_;
    return {};
}

Result<Json> QmpClient::reply() {
    // What a wait that was interrupted has left comes first.
    for (; unanswered_ > 1; --unanswered_) TRY(next_message());
    const Json reply = TRY(next_message());
    unanswered_ = 0;
    if (json_object* result = qapi::find(reply.get(), "return")) return qapi::share(result);
    const std::string said = string_member(qapi::find(reply.get(), "error"), "desc");
    return Error::make("%s",
                       said.empty() ? "the machine's reply cannot be understood" : said.c_str());
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
    Event event{qapi::share(qapi::find(found->data.get(), "data")), found->replies};
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
        fd = -1;  // went with the first byte
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
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) return {};
    if (size < 0) return Error::from_errno(errno, "listening to the machine");
    if (size == 0) return Error::make("the machine has closed the connection");
    stream_.feed({buffer.data(), static_cast<size_t>(size)});
    return {};
}

Result<> QmpClient::must_wait(short events) {
    TRY(poll_for(events, -1));
    return {};
}

/// False: @timeout milliseconds have passed; -1 is for ever.
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
