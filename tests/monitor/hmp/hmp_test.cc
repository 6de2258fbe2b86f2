// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "monitor/hmp/hmp_command.h"
#include "monitor/hmp/hmp_session.h"
#include "tests/monitor/test_client.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::monitor {
namespace {

const std::string kPrompt = "(qemu) ";

/// A client at a terminal that echoes its input itself.
class Person {
  public:
    explicit Person(Services& services, bool echo = false) : session_(services, wire_, echo) {
        greeting_ = wire_.take();
    }
    std::string type(std::string_view text) {
        session_.receive(text, {});
        return wire_.take();
    }
    std::string take() { return wire_.take(); }
    bool may_type() const { return wire_.reading(); }
    const std::string& greeting() const { return greeting_; }

  private:
    TestWire wire_;
    HmpSession session_;
    std::string greeting_;
};

/// Registers with fixed values for expressions.
Result<uint64_t> test_register(std::string_view name) {
    if (name == "rip") return uint64_t{0x1000};
    return Error::make("unknown register");
}

int64_t value_of(std::string_view text) {
    const int64_t value = support::must(evaluate(text, test_register));
    ck_assert(text.empty());
    return value;
}

std::string error_in(std::string_view text) {
    return support::error_of(evaluate(text, test_register));
}

START_TEST(session_greets_and_prompts) {
    TestMachine vm;
    Person person(vm.services);
    ck_assert(person.greeting().ends_with("type 'help' for more information\r\n" + kPrompt));
}
END_TEST

START_TEST(commands_act_as_those_of_qmp) {
    TestMachine vm;
    Person person(vm.services);
    Negotiated client(vm.services);
    check_text(person.type("info status\n"), "VM status: paused (prelaunch)\r\n" + kPrompt);
    check_text(person.type("c\n"), kPrompt);
    check_text(person.type("info status\r\n"), "VM status: running\r\n" + kPrompt + kPrompt);
    check_text(person.type("  stop  \n"), kPrompt);
    check_text(person.type("info status\n"), "VM status: paused\r\n" + kPrompt);
    const std::string events = client.take();
    ck_assert(events.find("RESUME") < events.find("STOP"));
}
END_TEST

START_TEST(mistakes_are_told_as_qemu_does) {
    TestMachine vm;
    Person person(vm.services);
    check_text(person.type("foo\n"), "unknown command: 'foo'\r\n" + kPrompt);
    check_text(person.type("info nope\n"), "unknown command: 'info nope'\r\n" + kPrompt);
    check_text(person.type("stop now\n"),
               "stop|s: extraneous characters at the end of line\r\n"
               "Try \"help stop\" for more information\r\n" +
                   kPrompt);
    check_text(person.type("dump-guest-memory\n"),
               "dump-guest-memory: filename expected\r\n"
               "Try \"help dump-guest-memory\" for more information\r\n" +
                   kPrompt);
    check_text(person.type("dump-guest-memory -x /f\n"),
               "dump-guest-memory: unsupported option -x\r\n"
               "Try \"help dump-guest-memory\" for more information\r\n" +
                   kPrompt);
    check_text(person.type("dump-guest-memory -z -l /f\n"),
               "Error: only one of '-z|-l|-s|-Z|-v|-w' can be set\r\n" + kPrompt);
    check_text(person.type("dump-guest-memory -j /f\n"),
               "dump-guest-memory: -j expects a number\r\n"
               "Try \"help dump-guest-memory\" for more information\r\n" +
                   kPrompt);
    check_text(person.type("dump-guest-memory -j 2x /f\n"),
               "dump-guest-memory: -j expects a number\r\n"
               "Try \"help dump-guest-memory\" for more information\r\n" +
                   kPrompt);
    check_text(person.type("dump-guest-memory -p -j 0 /f\n"),
               "Error: parameter 'threads' expects a value from 1 to 1024, not 0\r\n" + kPrompt);
    check_text(person.type("dump-guest-memory -d 32 /f\n"),
               "Error: -d expects a dump level from 0 to 31, not 32\r\n" + kPrompt);
    // Without a file after it, 31 is the file.
    check_text(person.type("dump-guest-memory -d 31 0\n"),
               "Error: Parameter 'length' is missing\r\n" + kPrompt);
    check_text(person.type("dump-guest-memory -j 2 /nonexistent/f\n"),
               "Error: Could not open '/nonexistent/f': No such file or directory\r\n" + kPrompt);
    check_text(person.type("dump-guest-memory /f 1\n"),
               "Error: Parameter 'length' is missing\r\n" + kPrompt);
    check_text(person.type("dump-guest-memory /nonexistent/f\n"),
               "Error: Could not open '/nonexistent/f': No such file or directory\r\n" + kPrompt);
    check_text(person.type("\n"), kPrompt);
}
END_TEST

START_TEST(help_knows_every_command) {
    TestMachine vm;
    Person person(vm.services);
    check_text(person.type("help stop\n"), "stop|s  -- stop emulation\r\n" + kPrompt);
    check_text(person.type("? c\n"), "cont|c  -- resume emulation\r\n" + kPrompt);
    check_text(person.type("help info cpus\n"),
               "info cpus  -- show infos for each CPU\r\n" + kPrompt);
    check_text(person.type("help nope\n"), "unknown command: 'nope'\r\n" + kPrompt);
    const std::string all = person.type("help\n") + person.type("info\n");
    for (const HmpCommand& command : hmp_commands()) {
        ck_assert(all.find(std::string(command.names)) != std::string::npos);
    }
}
END_TEST

START_TEST(dump_holds_the_prompt_until_it_is_done) {
    TestMachine vm;
    Person person(vm.services);
    char folder[] = "/tmp/guestdump-test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    const std::string file = std::string(folder) + "/a core";
    check_text(person.type("dump-guest-memory \"" + file + "\" 0 0x100*2\ninfo dump\n"), "");
    ck_assert(!person.may_type());
    vm.loop.run_until([&] { return !vm.dump.active(); });
    check_text(person.take(), kPrompt + "Status: completed\r\n" + kPrompt);
    ck_assert(person.may_type());
    ck_assert_uint_eq(vm.dump.query().total, 512);
    ck_assert_int_eq(unlink(file.c_str()), 0);
    rmdir(folder);
}
END_TEST

START_TEST(echo_shows_what_is_typed_and_takes_back) {
    TestMachine vm;
    Person person(vm.services, true);
    check_text(person.type("inx"), "inx");
    check_text(person.type("\x7f"), "\b \b");
    check_text(person.type("fo name\n"), "fo name\r\nguest\r\n" + kPrompt);
    check_text(person.type("abc\x15"), "abc\r\n" + kPrompt);
    check_text(person.type("\x7f\x01\n"), "\r\n" + kPrompt);
}
END_TEST

START_TEST(endless_line_is_cut_off) {
    TestMachine vm;
    Person person(vm.services);
    person.type(std::string(3 * HmpSession::kMaxLine, 'x'));
    const std::string reply = person.type("\n");
    ck_assert_uint_lt(reply.size(), HmpSession::kMaxLine + 64);
    check_text(person.type("info name\n"), "guest\r\n" + kPrompt);
}
END_TEST

START_TEST(expressions_have_their_values) {
    ck_assert_int_eq(value_of("1"), 1);
    ck_assert_int_eq(value_of("0x10 + 010 + 1"), 25);
    ck_assert_int_eq(value_of("2 * (3 + 4) % 5"), 4);
    ck_assert_int_eq(value_of("- 1"), -1);
    ck_assert_int_eq(value_of("~0xff & 0xfff | 1"), 0xf01);
    ck_assert_int_eq(value_of("'A'"), 65);
    ck_assert_int_eq(value_of("$rip-1"), 0xfff);
    ck_assert_int_eq(value_of("0xffffffffffffffff"), -1);
    ck_assert_int_eq(value_of("(-9223372036854775807-1)/-1"), INT64_MIN);
    ck_assert_int_eq(value_of("7 % -1"), 0);
}
END_TEST

START_TEST(expression_ends_where_it_cannot_go_on) {
    std::string_view text = "1 + 2 0x30";
    ck_assert_int_eq(support::must(evaluate(text, test_register)), 3);
    ck_assert(text == "0x30");
}
END_TEST

START_TEST(bad_expressions_are_refused) {
    check_text(error_in(""), "unexpected end of expression");
    check_text(error_in("1 +"), "unexpected end of expression");
    check_text(error_in("a"), "invalid char 'a' in expression");
    check_text(error_in("(1"), "')' expected");
    check_text(error_in("1/0"), "division by zero");
    check_text(error_in("$nope"), "unknown register");
    check_text(error_in("0x10000000000000000"), "number too large");
    check_text(error_in("'"), "character constant expected");
    check_text(error_in("'a"), "missing terminating ' character");
    check_text(error_in(std::string(100000, '(')), "expression too deep");
    check_text(error_in(std::string(100000, '-')), "expression too deep");
}
END_TEST

}  // namespace

Suite* hmp_suite() {
    return support::make_suite("hmp", {
                                          session_greets_and_prompts,
                                          commands_act_as_those_of_qmp,
                                          mistakes_are_told_as_qemu_does,
                                          help_knows_every_command,
                                          dump_holds_the_prompt_until_it_is_done,
                                          echo_shows_what_is_typed_and_takes_back,
                                          endless_line_is_cut_off,
                                          expressions_have_their_values,
                                          expression_ends_where_it_cannot_go_on,
                                          bad_expressions_are_refused,
                                      });
}

}  // namespace guestdump::monitor
