// SPDX-License-Identifier: GPL-2.0-or-later
#include "qmp/qmp_client.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "tests/qmp/scripted_monitor.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::qmp {

Suite* qmp_client_suite();

namespace {

using support::must;
using support::must_fail;
using namespace std::chrono_literals;

START_TEST(replies_and_events_are_kept_apart) {
    const ScriptedMonitor monitor(
        {ScriptedMonitor::kGreeting, ScriptedMonitor::kOk,
         "{\"event\": \"STOP\"}\r\n{\"event\": \"RESUME\", \"data\": {\"a\": 1}}"
         "{\"return\": 5}\r\n"});
    const auto client = must(QmpClient::connect(monitor.path()));
    ck_assert(qapi::to_text(must(client->execute("five")).get()) == "5");
    ck_assert(!client->take_event("NOPE"));
    ck_assert(qapi::to_text(client->take_event("RESUME").value().data.get()) == "{\"a\": 1}");
    ck_assert(!client->take_event("RESUME"));
    ck_assert(client->take_event("STOP").has_value());
}
END_TEST

START_TEST(refusal_is_told_in_the_machines_words) {
    const ScriptedMonitor monitor(
        {ScriptedMonitor::kGreeting, ScriptedMonitor::kOk,
         "{\"error\": {\"class\": \"GenericError\", \"desc\": \"100 % no\"}}\r\n"});
    const auto client = must(QmpClient::connect(monitor.path()));
    const auto reply = client->execute("do");
    ck_assert(support::error_of(reply) == "100 % no");
    ck_assert(reply.error().kind() == Error::Kind::refused);
}
END_TEST

START_TEST(what_is_no_qmp_is_refused) {
    const ScriptedMonitor other({"{\"hello\": 1}\r\n"});
    must_fail(QmpClient::connect(other.path()), "q': this is no QMP monitor");
    const ScriptedMonitor text({"SSH-2.0\r\n"});
    must_fail(QmpClient::connect(text.path()), "q': this is an SSH server, and no QMP monitor");
    const ScriptedMonitor array({"[]"});
    must_fail(QmpClient::connect(array.path()), "this is no QMP monitor");
}
END_TEST

START_TEST(peer_is_the_process_that_listens) {
    const ScriptedMonitor monitor({ScriptedMonitor::kGreeting, ScriptedMonitor::kOk});
    const auto client = must(QmpClient::connect(monitor.path()));
    ck_assert(must(client->peer()) == ::getpid());
}
END_TEST

START_TEST(reply_without_meaning_is_an_error) {
    for (const std::string_view reply :
         {"{}", "[1]", "5 ", "{\"error\": 5}", "{\"error\": {}}", "{\"error\": {\"desc\": 5}}"}) {
        const ScriptedMonitor monitor({ScriptedMonitor::kGreeting, ScriptedMonitor::kOk, reply});
        const auto client = must(QmpClient::connect(monitor.path()));
        const auto result = client->execute("do");
        must_fail(result, "the machine's reply cannot be understood");
        ck_assert(result.error().kind() != Error::Kind::refused);
    }
}
END_TEST

START_TEST(machine_that_goes_away_is_an_error) {
    const ScriptedMonitor monitor({});
    must_fail(QmpClient::connect(monitor.path()), "the machine has closed the connection");
    must_fail(QmpClient::connect("/nonexistent/q"), "Failed to connect to '/nonexistent/q'");
}
END_TEST

START_TEST(machine_that_goes_away_instead_of_its_reply_has_not_refused) {
    const ScriptedMonitor monitor({ScriptedMonitor::kGreeting, ScriptedMonitor::kOk});
    const auto client = must(QmpClient::connect(monitor.path()));
    const auto reply = client->execute("do");
    must_fail(reply, "the machine has closed the connection");
    ck_assert(reply.error().kind() != Error::Kind::refused);
}
END_TEST

START_TEST(wait_ends_when_it_is_interrupted) {
    const ScriptedMonitor monitor({ScriptedMonitor::kGreeting, ScriptedMonitor::kOk, "", ""});
    const auto client = must(QmpClient::connect(monitor.path()));
    ck_assert(!must(client->wait(1ms)));
    const util::UniqueFd signal(::eventfd(1, EFD_CLOEXEC));
    client->interrupt_by(signal.get());
    const auto reply = client->execute("never");
    ck_assert(!reply);
    ck_assert_int_eq(reply.error().os_error(), EINTR);
}
END_TEST

START_TEST(reply_that_nobody_waited_for_is_not_that_of_the_next_command) {
    const util::UniqueFd signal(::eventfd(0, EFD_CLOEXEC));
    const ScriptedMonitor monitor(
        {ScriptedMonitor::kGreeting, ScriptedMonitor::kOk, "", "{\"return\": 1} {\"return\": 2}"},
        signal.get());
    const auto client = must(QmpClient::connect(monitor.path()));
    client->interrupt_by(signal.get());
    ck_assert(!client->execute("one"));
    client->interrupt_by(-1);
    ck_assert(qapi::to_text(must(client->execute("two")).get()) == "2");
}
END_TEST

START_TEST(reply_comes_though_the_first_wait_for_it_was_interrupted) {
    const util::UniqueFd signal(::eventfd(0, EFD_CLOEXEC));
    const std::string late = std::string(ScriptedMonitor::kLate) + "{\"return\": 1}";
    const ScriptedMonitor monitor(
        {ScriptedMonitor::kGreeting, ScriptedMonitor::kOk, late, "{\"return\": 2}"}, signal.get());
    const auto client = must(QmpClient::connect(monitor.path()));
    client->interrupt_by(signal.get());
    must(client->ask("one"));
    ck_assert_int_eq(client->reply().error().os_error(), EINTR);
    ck_assert_int_eq(client->reply().error().os_error(), EINTR);
    eventfd_t taken;
    ck_assert_int_eq(::eventfd_read(signal.get(), &taken), 0);
    ck_assert(qapi::to_text(must(client->reply()).get()) == "1");
    ck_assert(qapi::to_text(must(client->execute("two")).get()) == "2");
}
END_TEST

START_TEST(event_tells_how_many_replies_came_before_it) {
    const std::string event = "{\"event\": \"E\"}";
    const std::string around = event + ScriptedMonitor::kOk.data() + event;
    const ScriptedMonitor monitor({ScriptedMonitor::kGreeting, ScriptedMonitor::kOk, around});
    const auto client = must(QmpClient::connect(monitor.path()));
    must(client->execute("do"));
    ck_assert_uint_eq(client->take_event("E").value().replies, client->replies() - 1);
    ck_assert_uint_eq(client->take_event("E").value().replies, client->replies());
}
END_TEST

}  // namespace

Suite* qmp_client_suite() {
    return support::make_suite("qmp_client",
                               {
                                   replies_and_events_are_kept_apart,
                                   refusal_is_told_in_the_machines_words,
                                   what_is_no_qmp_is_refused,
                                   peer_is_the_process_that_listens,
                                   reply_without_meaning_is_an_error,
                                   machine_that_goes_away_is_an_error,
                                   machine_that_goes_away_instead_of_its_reply_has_not_refused,
                                   wait_ends_when_it_is_interrupted,
                                   reply_that_nobody_waited_for_is_not_that_of_the_next_command,
                                   reply_comes_though_the_first_wait_for_it_was_interrupted,
                                   event_tells_how_many_replies_came_before_it,
                               });
}

}  // namespace guestdump::qmp
