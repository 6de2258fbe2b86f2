// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/qmp_client.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <vector>

#include "monitor/unix_socket.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scratch.h"

namespace tools {

Suite* qmp_client_suite();

namespace {

using support::must;
using support::must_fail;
using namespace std::chrono_literals;

constexpr std::string_view kGreeting = "{\"QMP\": {}}\r\n";
constexpr std::string_view kOk = "{\"return\": {}}\r\n";

/// A monitor that says what it was told to: the greeting, and one text after each request.
class Monitor {
  public:
    explicit Monitor(std::vector<std::string_view> texts)
        : listener_(must(monitor::listen_at(path()))),
          thread_([this, texts = std::move(texts)] { serve(texts); }) {}

    std::string path() const { return scratch_.path("q"); }

  private:
    void serve(const std::vector<std::string_view>& texts) {
        const util::UniqueFd client = monitor::accept_client(listener_.get());
        for (const std::string_view text : texts) {
            char request[4096];
            ::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL);
            if (::recv(client.get(), request, sizeof request, 0) <= 0) return;
        }
    }

    const support::Scratch scratch_;
    util::UniqueFd listener_;
    std::jthread thread_;
};

START_TEST(replies_and_events_are_kept_apart) {
    const Monitor monitor({kGreeting, kOk,
                           "{\"event\": \"STOP\"}\r\n{\"event\": \"RESUME\", \"data\": {\"a\": 1}}"
                           "{\"return\": 5}\r\n"});
    const auto client = must(QmpClient::connect(monitor.path()));
    ck_assert(qapi::to_text(must(client->execute("five")).get()) == "5");
    ck_assert(!client->take_event("NOPE"));
    ck_assert(qapi::to_text(client->take_event("RESUME").value().get()) == "{\"a\": 1}");
    ck_assert(!client->take_event("RESUME"));
    ck_assert(client->take_event("STOP").has_value());
}
END_TEST

START_TEST(refusal_is_told_in_the_machines_words) {
    const Monitor monitor(
        {kGreeting, kOk, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"100 % no\"}}\r\n"});
    const auto client = must(QmpClient::connect(monitor.path()));
    ck_assert(support::error_of(client->execute("do")) == "100 % no");
}
END_TEST

START_TEST(what_is_no_qmp_is_refused) {
    const Monitor other({"{\"hello\": 1}\r\n"});
    must_fail(QmpClient::connect(other.path()), "q': this is no QMP monitor");
    const Monitor text({"SSH-2.0\r\n"});
    must_fail(QmpClient::connect(text.path()), "JSON parse error");
    const Monitor array({"[]"});
    must_fail(QmpClient::connect(array.path()), "this is no QMP monitor");
}
END_TEST

START_TEST(reply_without_meaning_is_an_error) {
    for (const std::string_view reply :
         {"{}", "[1]", "5 ", "{\"error\": 5}", "{\"error\": {}}", "{\"error\": {\"desc\": 5}}"}) {
        const Monitor monitor({kGreeting, kOk, reply});
        const auto client = must(QmpClient::connect(monitor.path()));
        must_fail(client->execute("do"), "the machine's reply cannot be understood");
    }
}
END_TEST

START_TEST(machine_that_goes_away_is_an_error) {
    const Monitor monitor({});
    must_fail(QmpClient::connect(monitor.path()), "the machine has closed the connection");
    must_fail(QmpClient::connect("/nonexistent/q"), "Failed to connect to '/nonexistent/q'");
}
END_TEST

START_TEST(wait_ends_when_it_is_interrupted) {
    const Monitor monitor({kGreeting, kOk, "", ""});
    const auto client = must(QmpClient::connect(monitor.path()));
    ck_assert(!must(client->wait(1ms)));
    const util::UniqueFd signal(::eventfd(1, EFD_CLOEXEC));
    client->interrupt_by(signal.get());
    const auto reply = client->execute("never");
    ck_assert(!reply);
    ck_assert_int_eq(reply.error().os_error(), EINTR);
}
END_TEST

}  // namespace

Suite* qmp_client_suite() {
    return support::make_suite("qmp_client", {
                                                 replies_and_events_are_kept_apart,
                                                 refusal_is_told_in_the_machines_words,
                                                 what_is_no_qmp_is_refused,
                                                 reply_without_meaning_is_an_error,
                                                 machine_that_goes_away_is_an_error,
                                                 wait_ends_when_it_is_interrupted,
                                             });
}

}  // namespace tools
