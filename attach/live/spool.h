// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "util/result.h"
#include "util/thread.h"
#include "util/unique_fd.h"
#include "util/wakeup.h"
#include "vmcore/file_source.h"

namespace guestdump::attach {

/// Reads a pipe as fast as data comes, whatever becomes of the data: QEMU's guest waits for it. The
/// data is kept in a file without a name, up to a limit.
class Spool {
  public:
    /// @directory: for the file. @limit: bytes. Errors: the file cannot be created; no
    /// descriptor is left.
    static Result<std::unique_ptr<Spool>> create(std::string directory, uint64_t limit);

    /// Ends the thread; the rest of the pipe is left to others.
    ~Spool();
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;

    /// One that drops all data, and has no file. Errors: no descriptor is left.
    static Result<std::unique_ptr<Spool>> to_nowhere();

    /// Begins to read @pipe, which must outlive this. @idle, unless it is empty, is called on the
    /// thread each time that kIdle has passed without data; its error becomes failure(). Errors: no
    /// thread can be started.
    Result<> start(int pipe, std::function<Result<>()> idle = {});

    static constexpr std::chrono::seconds kIdle{10};

    /// From now on data is read and dropped. Any thread.
    void drop() { keeps_ = false; }

    /// Readable once the pipe has reached its end.
    int ended_fd() const { return ended_.fd(); }
    bool has_ended() const { return ended_.is_raised(); }

    /// Why data was dropped that should have been kept; empty so far. Any thread.
    std::optional<Error> failure() const;

    /// Bytes read so far. Any thread.
    uint64_t received() const { return received_; }

    /// All data, once has_ended(). @name is for messages. Errors: failure().
    Result<std::shared_ptr<const vmcore::FileSource>> take(std::string name);

  private:
    Spool(std::string directory, uint64_t limit, util::UniqueFd file, util::Wakeup ended,
          util::Wakeup stopped)
        : directory_(std::move(directory)),
          limit_(limit),
          file_(std::move(file)),
          ended_(std::move(ended)),
          stopped_(std::move(stopped)) {}

    Result<> drain(int pipe);
    Result<bool> wait_for_data(int pipe);
    Result<> keep(std::span<const std::byte> bytes);
    void fail(Error why);

    std::string directory_;
    uint64_t limit_;
    util::UniqueFd file_;
    util::Wakeup ended_, stopped_;
    std::function<Result<>()> idle_{};
    std::atomic<bool> keeps_{true};
    std::atomic<uint64_t> received_{0};
    mutable std::mutex mutex_;
    std::optional<Error> failure_{};  ///< under mutex_
    util::Thread thread_{};           ///< last: it uses the other members
};

}  // namespace guestdump::attach
