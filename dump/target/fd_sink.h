// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "dump/target/sink.h"
#include "util/unique_fd.h"
#include "util/wakeup.h"

namespace guestdump::dump {

/// Writes to a regular file by position. Ranges that are never written become holes.
class FileFdSink final : public Sink {
  public:
    /// The dump begins at position @base of the file. The first write truncates the file there, so
    /// that holes contain no old bytes. @name is for messages.
    FileFdSink(util::UniqueFd fd, std::string name, uint64_t base)
        : fd_(std::move(fd)), name_(std::move(name)), base_(base) {}

    util::Result<> write_at(uint64_t offset, std::span<const std::byte> data) override;
    bool random_access() const override { return true; }
    util::Result<> finish(uint64_t size) override;
    util::Result<> commit() override;
    void interrupt() override { interrupted_ = true; }

    /// Used instead of commit() if the caller makes the file durable itself.
    util::Result<> close();

  private:
    util::Result<> discard_old_content();

    util::UniqueFd fd_;
    std::string name_;
    uint64_t base_;
    uint64_t end_ = 0;  ///< end of the finished dump, as a position in the file
    std::atomic<bool> interrupted_{false};
    std::mutex mutex_;  ///< protects discarded_: several first writes may run at once
    bool discarded_ = false;
};

/// Writes sequentially to a pipe, a socket, a device, or a file in append mode. Gaps become zeros.
/// Waits while the target does not accept data, until interrupt().
class StreamSink final : public Sink {
  public:
    static util::Result<std::unique_ptr<Sink>> create(util::UniqueFd fd, std::string name);

    util::Result<> write_at(uint64_t offset, std::span<const std::byte> data) override;
    bool random_access() const override { return false; }
    util::Result<> finish(uint64_t size) override;
    util::Result<> commit() override;
    void interrupt() override { interrupted_.raise(); }

  private:
    enum class Kind { socket, pipe, terminal, other };

    StreamSink(util::UniqueFd fd, util::Wakeup interrupted, std::string name, Kind kind)
        : fd_(std::move(fd)),
          interrupted_(std::move(interrupted)),
          name_(std::move(name)),
          kind_(kind) {}

    util::Result<> skip_to(uint64_t offset);
    util::Result<> write_all(std::span<const std::byte> data);
    util::Result<> wait_writable();
    ssize_t write_some(std::span<const std::byte> data);

    util::UniqueFd fd_;
    util::Wakeup interrupted_;  ///< raised by interrupt()
    std::string name_;
    Kind kind_;
    uint64_t reached_ = 0;  ///< bytes written
};

}  // namespace guestdump::dump
