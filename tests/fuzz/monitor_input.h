// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string_view>

#include "tests/monitor/test_machine.h"

/// What the fuzz targets of the monitor share.

namespace fuzz {

/// A target that takes nothing until it is interrupted.
class HeldSink final : public dump::Sink {
  public:
    util::Result<> write_at(uint64_t, std::span<const std::byte>) override {
        std::unique_lock lock(mutex_);
        interrupted_now_.wait(lock, [this] { return interrupted_; });
        return util::Error::make("interrupted");
    }
    bool random_access() const override { return true; }
    util::Result<> finish(uint64_t) override { return {}; }
    util::Result<> commit() override { return {}; }
    void interrupt() override {
        const std::lock_guard lock(mutex_);
        interrupted_ = true;
        interrupted_now_.notify_all();
    }

  private:
    std::mutex mutex_;
    std::condition_variable interrupted_now_;
    bool interrupted_ = false;
};

/// A machine that dumps, and therefore begins no other dump: no input of a fuzzer becomes a file.
class DumpingMachine : public monitor::TestMachine {
  public:
    void hold_dump() {
        if (dump.active()) return;
        const auto begun = dump.start(dump::ElfRequest{}, std::make_unique<HeldSink>(), {});
        if (!begun) std::abort();
    }
};

/// Takes what a session says, and looks at its form: whole lines.
class CheckingWire final : public monitor::Wire {
  public:
    void send(std::string_view text) override { ended_ = text.ends_with("\r\n"); }
    void set_reading(bool) override {}
    bool ended() const { return ended_; }

  private:
    bool ended_ = true;
};

}  // namespace fuzz
