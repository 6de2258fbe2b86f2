// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/qmp/qtest_session.h"

namespace guestdump::monitor {
namespace {

std::string answer(const std::string& line) {
    const std::string command = line.substr(0, line.find(' '));
    if (command == "endianness") return "OK little\n";
    return "FAIL Unknown command '" + command + "'\n";
}

}  // namespace

void QtestSession::receive(std::string_view text, std::vector<util::UniqueFd>) {
    for (const char c : text) {
        if (c == '\n') {
            wire_.send(answer(std::exchange(line_, {})));
        } else if (c != '\r' && line_.size() < kMaxLine) {
            line_ += c;
        }
    }
}

}  // namespace guestdump::monitor
