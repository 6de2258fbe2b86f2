// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cinttypes>
#include <memory>
#include <mutex>

#include "dump/target/sink.h"
#include "util/result.h"

namespace guestdump::support {

/// A target that accepts a number of bytes and then fails, as a full disk does: of the write that
/// exceeds the limit, the first part is written. Everything else goes to the wrapped sink.
class FaultySink final : public dump::Sink {
  public:
    /// Accepts @good_bytes in all. The next byte, or finish() if no byte follows, fails with
    /// @os_error.
    FaultySink(std::unique_ptr<dump::Sink> inner, uint64_t good_bytes, int os_error)
        : inner_(std::move(inner)), left_(good_bytes), os_error_(os_error) {}

    util::Result<> write_at(uint64_t offset, std::span<const std::byte> data) override {
        const std::lock_guard lock(mutex_);
        const auto taken = static_cast<size_t>(std::min<uint64_t>(left_, data.size()));
        left_ -= taken;
        if (taken > 0) TRY(inner_->write_at(offset, data.first(taken)));
        if (taken == data.size()) return {};
        failed_ = true;
        return util::Error::from_errno(os_error_, "writing %zu bytes at offset %" PRIu64,
                                       data.size(), offset);
    }

    bool random_access() const override { return inner_->random_access(); }

    util::Result<> finish(uint64_t size) override {
        const std::lock_guard lock(mutex_);
        if (!failed_ && left_ > 0) return inner_->finish(size);
        failed_ = true;
        return util::Error::from_errno(os_error_, "finishing at %" PRIu64, size);
    }

    util::Result<> commit() override { return inner_->commit(); }

    /// True once something failed.
    bool failed() const { return failed_; }

  private:
    std::mutex mutex_;
    std::unique_ptr<dump::Sink> inner_;
    uint64_t left_;
    const int os_error_;
    bool failed_ = false;
};

}  // namespace guestdump::support
