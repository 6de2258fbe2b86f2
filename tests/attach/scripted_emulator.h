// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <unistd.h>

#include <map>
#include <string>
#include <thread>

#include "attach/emulator.h"
#include "qapi/json_stream.h"
#include "qapi/visit.h"
#include "tests/support/bytes.h"
#include "tests/support/results.h"

namespace guestdump::attach {

/// An emulator whose process is this one. Its replies and its dump are set by the test.
class ScriptedEmulator : public Emulator {
  public:
    ScriptedEmulator() {
        answers = {{"query-version", R"({"qemu": {"major": 7, "minor": 2, "micro": 22}})"},
                   {"query-status", R"({"status": "running", "running": true})"},
                   {"query-migrate", "{}"},
                   {"query-target", R"({"arch": "x86_64"})"},
                   {"query-dump", R"({"status": "active"})"}};
    }

    const std::string& name() const override { return name_; }

    Result<qapi::Json> ask(std::string_view command, qapi::Json arguments) override {
        if (command == "human-monitor-command") return answer_line(arguments.get());
        const auto answer = answers.find(std::string(command));
        if (answer == answers.end())
            return refuse("The command " + std::string(command) + " has not been found");
        return parse(answer->second);
    }

    Result<Process> process() override { return Process::open(::getpid()); }

    /// Writes `dump` to the pipe on another thread, which ends when all of it has been read.
    Result<> begin_dump(HoldPipe& pipe) override {
        if (!refusal.empty()) return refuse(refusal);
        util::UniqueFd input(::dup(pipe.input()));
        pipe.close_input();
        writer_ = std::jthread([this, input = std::move(input)]() mutable {
            size_t done = 0;
            while (done < dump.size()) {
                const ssize_t wrote = ::write(input.get(), dump.data() + done, dump.size() - done);
                if (wrote <= 0) break;  // the hold was ended
                done += static_cast<size_t>(wrote);
            }
        });
        return {};
    }

    Result<bool> await_end(bool, std::chrono::milliseconds) override {
        writer_.join();
        return ends;
    }
    Result<> pass(const std::string&, int) override { return {}; }
    Result<> watch_events() override { return {}; }
    Result<std::optional<int64_t>> take_event(std::string_view,
                                              std::chrono::milliseconds) override {
        return std::optional<int64_t>();
    }
    std::vector<int> descriptors() const override { return {}; }
    Result<> inherit() override { return {}; }
    void interrupt_by(int) override {}

    static Error refuse(const std::string& text) {
        return Error::make("%s", text.c_str()).as(Error::Kind::refused);
    }

    std::map<std::string, std::string> answers;
    std::map<uint64_t, uint64_t> host;  ///< addresses of pages, by guest-physical address
    std::string line;                   ///< if not empty, gpa2hva's reply
    std::string refusal;
    support::Bytes dump;
    bool ends = true;

  private:
    static Result<qapi::Json> parse(const std::string& text) {
        std::optional<Result<qapi::Json>> value;
        qapi::JsonStream stream([&value](Result<qapi::Json> one) { value = std::move(one); });
        stream.feed(text + " ");
        return std::move(value).value();
    }

    Result<qapi::Json> answer_line(json_object* arguments) {
        if (!line.empty()) return qapi::to_json(line);
        std::string command;
        support::must(qapi::from_json(qapi::find(arguments, "command-line"), "", command));
        const uint64_t gpa =
            std::stoull(command.substr(std::string("gpa2hva ").size()), nullptr, 16);
        const auto found = host.find(gpa);
        if (found == host.end())
            return qapi::to_json(std::string("No memory is mapped at address\r\n"));
        char text[128];
        std::snprintf(text, sizeof text, "Host virtual address for 0x%lx (pc.ram) is 0x%lx\r\n",
                      static_cast<unsigned long>(gpa), static_cast<unsigned long>(found->second));
        return qapi::to_json(std::string(text));
    }

    std::string name_ = "scripted";
    std::jthread writer_;
};

}  // namespace guestdump::attach
