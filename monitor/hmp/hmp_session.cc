// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/hmp/hmp_session.h"

#include <utility>

#include "monitor/hmp/hmp_command.h"
#include "monitor/version.h"
#include "util/text.h"

namespace guestdump::monitor {
namespace {

constexpr char kBackspace = '\b', kDelete = '\x7f', kEraseLine = '\x15', kEndOfText = '\x03';

}  // namespace

HmpSession::HmpSession(Services& services, Wire& wire, bool echo)
    : wire_(wire), monitor_(services), echo_(echo), weak_this_(this) {
    wire_.send(version_info().package + " monitor - type 'help' for more information\r\n");
    prompt();
}

void HmpSession::receive(std::string_view text, std::vector<util::UniqueFd> fds) {
    if (!fds.empty()) monitor_.passed_fds = std::move(fds);
    typed_ += text;
    work_off();
}

/// Reads what was typed, up to a command whose reply is not there yet.
void HmpSession::work_off() {
    if (std::exchange(working_, true)) return;
    size_t done = 0;
    while (!busy_ && done < typed_.size() && !wire_.crowded()) type(typed_[done++]);
    typed_.erase(0, done);
    working_ = false;
    wire_.set_reading(!busy_);
}

void HmpSession::type(char c) {
    switch (c) {
        case '\r':
        case '\n':
            if (echo_) wire_.send("\r\n");
            return run();
        case kBackspace:
        case kDelete:
            if (line_.empty()) return;
            line_.pop_back();
            if (echo_) wire_.send("\b \b");
            return;
        case kEraseLine:
        case kEndOfText:
            line_.clear();
            if (echo_) wire_.send("\r\n");
            return prompt();
        default:
            if (static_cast<unsigned char>(c) < ' ' && c != '\t') return;
            if (line_.size() == kMaxLine) return;
            line_ += c;
            if (echo_) wire_.send(std::string_view(&c, 1));
    }
}

void HmpSession::run() {
    busy_ = true;
    run_hmp_line(monitor_, std::exchange(line_, {}),
                 weak_this_.guard([](HmpSession& self, const std::string& output) {
                     self.wire_.send(output);
                     self.prompt();
                     self.busy_ = false;
                     self.work_off();
                 }));
}

void HmpSession::prompt() {
    wire_.send("(qemu) ");
}

}  // namespace guestdump::monitor
