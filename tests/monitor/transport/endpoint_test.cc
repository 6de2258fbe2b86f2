// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/transport/endpoint.h"

#include <fcntl.h>
#include <glib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "util/unix_socket.h"

namespace guestdump::monitor {
namespace {

/// A session that greets the client, sends back everything that it receives, with the number of
/// descriptors that came with it, and counts its instances.
class Echo final : public Session {
  public:
    Echo(Wire& wire, int& living) : wire_(wire), living_(living) {
        ++living_;
        wire_.send("hello ");
    }
    ~Echo() override { --living_; }

    void receive(std::string_view text, std::vector<util::UniqueFd> fds) override {
        if (!fds.empty()) wire_.send("+" + std::to_string(fds.size()));
        wire_.send(text);
        received_ += text.size();
    }

  private:
    Wire& wire_;
    int& living_;
    size_t received_ = 0;
};

class Sockets {
  public:
    Sockets() { ck_assert_ptr_nonnull(mkdtemp(folder_)); }
    ~Sockets() {
        unlink(path().c_str());
        rmdir(folder_);
    }
    std::string path() const { return std::string(folder_) + "/qmp"; }

    util::Result<std::unique_ptr<Endpoint>> open(Address address) {
        return Endpoint::open(std::move(address), [this](Wire& wire) {
            return std::make_unique<Echo>(wire, sessions);
        });
    }

    int sessions = 0;

  private:
    char folder_[32] = "/tmp/guestdump-test-XXXXXX";
};

/// Runs the main loop until nothing is left to do.
void turn() {
    while (g_main_context_iteration(nullptr, FALSE)) {
    }
}

std::string read_some(int fd) {
    turn();
    char buffer[4096];
    const ssize_t n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    return n > 0 ? std::string(buffer, static_cast<size_t>(n)) : n == 0 ? "<end>" : "";
}

void write_all(int fd, std::string_view text) {
    ck_assert_int_eq(::send(fd, text.data(), text.size(), MSG_NOSIGNAL),
                     static_cast<ssize_t>(text.size()));
}

util::UniqueFd client_of(const Sockets& sockets) {
    return support::must(util::connect_to(sockets.path()));
}

START_TEST(client_is_served_and_another_after_it) {
    Sockets sockets;
    const auto endpoint = support::must(sockets.open(ListenAt{sockets.path()}));
    for (int i = 0; i < 3; ++i) {
        const util::UniqueFd client = client_of(sockets);
        ck_assert(read_some(client.get()) == "hello ");
        write_all(client.get(), "abc");
        ck_assert(read_some(client.get()) == "abc");
        ck_assert_int_eq(sockets.sessions, 1);
    }
    turn();
    ck_assert_int_eq(sockets.sessions, 0);
}
END_TEST

START_TEST(second_client_is_greeted_when_the_first_has_gone) {
    Sockets sockets;
    const auto endpoint = support::must(sockets.open(ListenAt{sockets.path()}));
    util::UniqueFd first = client_of(sockets);
    const util::UniqueFd second = client_of(sockets);
    ck_assert(read_some(first.get()) == "hello ");
    ck_assert(read_some(second.get()).empty());
    first.reset();
    ck_assert(read_some(second.get()) == "hello ");
}
END_TEST

START_TEST(descriptors_come_along) {
    Sockets sockets;
    const auto endpoint = support::must(sockets.open(ListenAt{sockets.path()}));
    const util::UniqueFd client = client_of(sockets);
    char text[] = "x";
    iovec bytes = {.iov_base = text, .iov_len = 1};
    alignas(cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = {};
    msghdr message = {};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(2 * sizeof(int));
    const int fds[] = {0, 1};
    std::memcpy(CMSG_DATA(part), fds, sizeof fds);
    ck_assert_int_eq(sendmsg(client.get(), &message, 0), 1);
    ck_assert(read_some(client.get()) == "hello +2x");
}
END_TEST

START_TEST(client_that_does_not_read_holds_up_nobody_and_gets_all_later) {
    Sockets sockets;
    const auto endpoint = support::must(sockets.open(ListenAt{sockets.path()}));
    const util::UniqueFd client = client_of(sockets);
    const std::string block(4096, 'x');
    size_t sent = 0;
    fcntl(client.get(), F_SETFL, O_NONBLOCK);
    // The session stops echoing when kMaxUnread bytes wait. Later input then stays in the socket.
    for (ssize_t n = 0; (n = ::send(client.get(), block.data(), block.size(), 0)) > 0; turn()) {
        sent += static_cast<size_t>(n);
        ck_assert_uint_lt(sent, 64 << 20);
    }
    size_t got = 0;
    for (std::string some; !(some = read_some(client.get())).empty();) got += some.size();
    ck_assert_uint_eq(got, sent + strlen("hello "));
}
END_TEST

/// An endpoint with one client, to which the test sends messages.
struct Told {
    Told() { turn(); }

    /// Sends more bytes than may wait, in small messages.
    void say_too_much() {
        const std::string block(size_t{64} << 10, 'x');
        for (size_t sent = 0; sent <= Connection::kMaxBacklog + (1 << 20); sent += block.size()) {
            wire->send(block);
        }
    }

    Sockets sockets;
    Wire* wire = nullptr;
    std::unique_ptr<Endpoint> endpoint = support::must(
        Endpoint::open(ListenAt{sockets.path()}, [this](Wire& its) -> std::unique_ptr<Session> {
            wire = &its;
            return std::make_unique<Echo>(its, sockets.sessions);
        }));
    util::UniqueFd client = client_of(sockets);
};

/// Counts the bytes that arrive until none are left for now or the stream ends.
size_t read_all(int fd) {
    size_t got = 0;
    for (std::string some; !(some = read_some(fd)).empty() && some != "<end>";) got += some.size();
    return got;
}

constexpr size_t kLarge = Connection::kMaxBacklog + (size_t{2} << 20);

START_TEST(client_with_too_much_unread_is_given_up) {
    Told told;
    told.say_too_much();
    ck_assert_int_eq(told.sockets.sessions, 1);
    turn();
    ck_assert_int_eq(told.sockets.sessions, 0);
}
END_TEST

START_TEST(one_message_that_is_larger_than_what_may_wait_is_sent) {
    Told told;
    told.wire->send(std::string(kLarge, 'x'));
    told.wire->send("event");
    ck_assert_uint_eq(read_all(told.client.get()), strlen("hello ") + kLarge + strlen("event"));
    ck_assert_int_eq(told.sockets.sessions, 1);
}
END_TEST

START_TEST(client_that_leaves_a_large_message_unread_is_given_up_too) {
    Told told;
    told.wire->send(std::string(kLarge, 'x'));
    told.say_too_much();
    turn();
    ck_assert_int_eq(told.sockets.sessions, 0);
}
END_TEST

START_TEST(a_large_message_that_was_read_leaves_no_more_room_for_others) {
    Told told;
    told.wire->send(std::string(kLarge, 'x'));
    ck_assert_uint_gt(read_all(told.client.get()), kLarge);
    told.say_too_much();
    turn();
    ck_assert_int_eq(told.sockets.sessions, 0);
}
END_TEST

START_TEST(client_that_has_said_all_gets_what_waits_for_it) {
    Told told;
    told.wire->send(std::string(kLarge, 'x'));
    ck_assert_int_eq(shutdown(told.client.get(), SHUT_WR), 0);
    turn();
    ck_assert_int_eq(told.sockets.sessions, 1);
    ck_assert_uint_eq(read_all(told.client.get()), strlen("hello ") + kLarge);
    turn();
    ck_assert_int_eq(told.sockets.sessions, 0);
}
END_TEST

START_TEST(client_that_has_said_all_and_is_told_more_is_not_kept) {
    Told told;
    told.wire->send(std::string(size_t{256} << 10, 'x'));
    ck_assert_int_eq(shutdown(told.client.get(), SHUT_WR), 0);
    turn();
    ck_assert_int_eq(told.sockets.sessions, 1);
    std::string room(size_t{256} << 10, '\0');
    while (recv(told.client.get(), room.data(), room.size(), MSG_DONTWAIT) > 0) {
    }
    told.wire->send("event");
    turn();
    ck_assert_int_eq(told.sockets.sessions, 0);
}
END_TEST

START_TEST(client_that_has_gone_gets_nothing_and_another_is_served) {
    Told told;
    told.wire->send(std::string(kLarge, 'x'));
    ck_assert_int_eq(shutdown(told.client.get(), SHUT_WR), 0);
    turn();
    told.client.reset();
    turn();
    ck_assert_int_eq(told.sockets.sessions, 0);
    const util::UniqueFd other = client_of(told.sockets);
    ck_assert(read_some(other.get()) == "hello ");
}
END_TEST

START_TEST(client_waits_without_spinning_while_descriptors_are_short) {
    Sockets sockets;
    const auto endpoint = support::must(sockets.open(ListenAt{sockets.path()}));
    const util::UniqueFd client = client_of(sockets);
    rlimit before = {};
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    const int next = dup(client.get());
    close(next);
    const rlimit none = {.rlim_cur = static_cast<rlim_t>(next), .rlim_max = before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);

    ck_assert(g_main_context_iteration(nullptr, FALSE));
    ck_assert(!g_main_context_iteration(nullptr, FALSE));
    ck_assert(!endpoint->has_client());

    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    while (!endpoint->has_client()) g_main_context_iteration(nullptr, TRUE);
    ck_assert(read_some(client.get()) == "hello ");
}
END_TEST

START_TEST(path_is_free_again_afterwards) {
    Sockets sockets;
    support::must(sockets.open(ListenAt{sockets.path()}));
    ck_assert_int_ne(access(sockets.path().c_str(), F_OK), 0);
}
END_TEST

START_TEST(path_in_use_is_refused) {
    Sockets sockets;
    const auto endpoint = support::must(sockets.open(ListenAt{sockets.path()}));
    support::must_fail(sockets.open(ListenAt{sockets.path()}), "Address already in use");
    ck_assert_int_eq(access(sockets.path().c_str(), F_OK), 0);
}
END_TEST

START_TEST(socket_of_a_dead_server_is_replaced) {
    Sockets sockets;
    // Closing a listener leaves its file in place.
    support::must(util::listen_at(sockets.path())).reset();
    ck_assert_int_eq(access(sockets.path().c_str(), F_OK), 0);
    const auto endpoint = support::must(sockets.open(ListenAt{sockets.path()}));
    const util::UniqueFd client = client_of(sockets);
    ck_assert(read_some(client.get()) == "hello ");
}
END_TEST

START_TEST(file_that_is_no_socket_is_kept) {
    Sockets sockets;
    const util::UniqueFd file(open(sockets.path().c_str(), O_CREAT | O_WRONLY, 0600));
    support::must_fail(sockets.open(ListenAt{sockets.path()}),
                       "is there already, and not a socket");
    ck_assert_int_eq(access(sockets.path().c_str(), F_OK), 0);
}
END_TEST

START_TEST(path_longer_than_a_socket_address_is_refused) {
    Sockets sockets;
    const std::string base = "/tmp/";
    support::must_fail(sockets.open(ListenAt{base + std::string(103, 'x')}),
                       "is too long: 108 bytes of at most 107");
    support::must_fail(sockets.open(ListenAt{""}), "is empty");
    support::must_fail(sockets.open(ConnectTo{base + std::string(103, 'x')}), "is too long");
}
END_TEST

START_TEST(missing_folder_is_named) {
    Sockets sockets;
    support::must_fail(sockets.open(ListenAt{"/nonexistent/qmp"}),
                       "/nonexistent/qmp: No such file or directory");
    support::must_fail(sockets.open(ConnectTo{sockets.path()}), "Failed to connect to '");
}
END_TEST

START_TEST(inherited_listener_is_served) {
    Sockets sockets;
    const auto endpoint =
        support::must(sockets.open(ListenOn{support::must(util::listen_at(sockets.path()))}));
    const util::UniqueFd client = client_of(sockets);
    ck_assert(read_some(client.get()) == "hello ");
}
END_TEST

START_TEST(inherited_descriptor_must_listen) {
    Sockets sockets;
    support::must_fail(sockets.open(ListenOn{util::UniqueFd(open("/dev/null", O_RDWR))}),
                       "Socket operation on non-socket");
    support::must_fail(sockets.open(ListenOn{util::UniqueFd(socket(AF_UNIX, SOCK_STREAM, 0))}),
                       "does not listen");
}
END_TEST

START_TEST(endpoint_connects_where_it_is_no_server) {
    Sockets sockets;
    const util::UniqueFd listener = support::must(util::listen_at(sockets.path()));
    const auto endpoint = support::must(sockets.open(ConnectTo{sockets.path()}));
    const util::UniqueFd server_side = util::accept_client(listener.get());
    ck_assert(read_some(server_side.get()) == "hello ");
    ck_assert(endpoint->has_client());
}
END_TEST

}  // namespace

Suite* endpoint_suite() {
    return support::make_suite("endpoint",
                               {
                                   client_is_served_and_another_after_it,
                                   second_client_is_greeted_when_the_first_has_gone,
                                   descriptors_come_along,
                                   client_that_does_not_read_holds_up_nobody_and_gets_all_later,
                                   client_with_too_much_unread_is_given_up,
                                   one_message_that_is_larger_than_what_may_wait_is_sent,
                                   client_that_leaves_a_large_message_unread_is_given_up_too,
                                   a_large_message_that_was_read_leaves_no_more_room_for_others,
                                   client_that_has_said_all_gets_what_waits_for_it,
                                   client_that_has_said_all_and_is_told_more_is_not_kept,
                                   client_that_has_gone_gets_nothing_and_another_is_served,
                                   client_waits_without_spinning_while_descriptors_are_short,
                                   path_is_free_again_afterwards,
                                   path_in_use_is_refused,
                                   socket_of_a_dead_server_is_replaced,
                                   file_that_is_no_socket_is_kept,
                                   path_longer_than_a_socket_address_is_refused,
                                   missing_folder_is_named,
                                   inherited_listener_is_served,
                                   inherited_descriptor_must_listen,
                                   endpoint_connects_where_it_is_no_server,
                               });
}

}  // namespace guestdump::monitor
