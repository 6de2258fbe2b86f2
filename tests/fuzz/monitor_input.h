// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string_view>

#include "tests/monitor/test_machine.h"

/// Shared by the fuzz targets of the monitor.

namespace guestdump::fuzz {

/// Closed until the process ends.
class Gate {
  public:
    void open() {
        const std::lock_guard lock(mutex_);
        is_open_ = true;
        opened_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        opened_.wait(lock, [this] { return is_open_; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable opened_;
    bool is_open_ = false;
};

/// A target that accepts nothing and ignores cancellation.
class HeldSink final : public dump::Sink {
  public:
    explicit HeldSink(Gate& gate) : gate_(gate) {}

    util::Result<> write_at(uint64_t, std::span<const std::byte>) override {
        gate_.wait();
        return util::Error::make("interrupted");
    }
    bool random_access() const override { return true; }
    util::Result<> finish(uint64_t) override { return {}; }
    util::Result<> commit() override { return {}; }
    void interrupt() override {}

  private:
    Gate& gate_;
};

/// A base class, so that the gate outlives the dump's thread.
struct GateOwner {
    Gate gate;
};

/// A machine whose dump never ends, and which therefore starts no other. Otherwise an input could
/// cancel the dump, start another and create a file.
class DumpingMachine : private GateOwner, public monitor::TestMachine {
  public:
    DumpingMachine() {
        const auto begun = dump.start(dump::ElfRequest{}, std::make_unique<HeldSink>(gate), {});
        if (!begun) std::abort();
    }
    ~DumpingMachine() { gate.open(); }
};

/// Receives the output of a session and checks its form: whole lines.
class CheckingWire final : public monitor::Wire {
  public:
    void send(std::string_view text) override { ended_ = text.ends_with("\r\n"); }
    void set_reading(bool) override {}
    bool crowded() const override { return false; }
    bool ended() const { return ended_; }

  private:
    bool ended_ = true;
};

}  // namespace guestdump::fuzz
