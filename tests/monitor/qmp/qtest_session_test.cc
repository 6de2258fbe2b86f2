// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/qmp/qtest_session.h"

#include <string>

#include "tests/monitor/test_client.h"
#include "tests/support/run_suites.h"

namespace guestdump::monitor {

Suite* qtest_session_suite();

namespace {

/// Feeds @text byte by byte and returns the output.
std::string answers(std::string_view text) {
    TestWire wire;
    QtestSession session(wire);
    for (const char c : text) session.receive({&c, 1}, {});
    return wire.take();
}

START_TEST(byte_order_is_told) {
    check_text(answers("endianness\n"), "OK little\n");
    check_text(answers("endianness\r\nendianness\n"), "OK little\nOK little\n");
    check_text(answers("endianness"), "");
}
END_TEST

START_TEST(other_lines_are_refused) {
    check_text(answers("readb 0x0\n"), "FAIL Unknown command 'readb'\n");
    check_text(answers("\n"), "FAIL Unknown command ''\n");
    check_text(answers("endianness2\n"), "FAIL Unknown command 'endianness2'\n");
}
END_TEST

START_TEST(line_without_an_end_takes_no_memory) {
    const std::string said = answers(std::string(1 << 20, 'x') + "\nendianness\n");
    ck_assert_uint_lt(said.size(), QtestSession::kMaxLine + 100);
    ck_assert(said.ends_with("'\nOK little\n"));
}
END_TEST

}  // namespace

Suite* qtest_session_suite() {
    return support::make_suite("qtest_session", {byte_order_is_told, other_lines_are_refused,
                                                 line_without_an_end_takes_no_memory});
}

}  // namespace guestdump::monitor
