// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attach/live/drainer.h"
#include "attach/live/live_fit.h"
#include "attach/live/spool.h"
#include "guest/live_moment.h"
#include "util/unique_fd.h"

namespace guestdump::attach {

/// What QEMU sent of a guest that ran on: a migration stream.
struct LiveStream {
    std::shared_ptr<const vmcore::FileSource> bytes;
    std::optional<guest::LiveMoment> moment{};  ///< empty if QEMU's events have not come
    vmcore::RamAddresses addresses{};           ///< not in the stream
    std::vector<std::string> warnings{};        ///< what is not known of the snapshot
};

/// How a snapshot is recorded.
struct RecordOptions {
    std::string directory;  ///< for the stream, in a file without a name
    int interrupt = -1;     ///< readable: the snapshot is not wanted any more
    /// Gets bytes of guest memory, done and in all. May be empty.
    std::function<void(uint64_t done, uint64_t total)> progress{};
    /// Gets a sentence for the person who interrupted. May be empty.
    std::function<void(const std::string& sentence)> tell{};
};

/// A background snapshot of QEMU: the guest stands still while QEMU writes down its devices and
/// protects its memory; then it runs, and QEMU sends each page before the guest changes it.
///
/// QEMU waits for whoever reads the stream, and the guest waits for QEMU. So the stream is read to
/// its end whatever happens: by a thread of this process, or by a Drainer. One thread.
class LiveSnapshot {
  public:
    /// Forks the drainer: no other thread may run yet. @emulator must outlive this. Errors: of the
    /// system.
    static Result<std::unique_ptr<LiveSnapshot>> prepare(Emulator& emulator, LiveFit fit);

    LiveSnapshot(const LiveSnapshot&) = delete;
    LiveSnapshot& operator=(const LiveSnapshot&) = delete;

    /// Makes the snapshot, and returns when QEMU is as it was before. Called once.
    ///
    /// Errors: QEMU refuses it, then refused() is true; the stream could not be kept; QEMU fails or
    /// ends; EINTR: interrupted. The guest runs on. If the way to QEMU is broken, the drainer does
    /// what is left to do.
    Result<LiveStream> record(const RecordOptions& options);

    /// True if QEMU has said that it makes no snapshot of this guest.
    bool refused() const { return refused_; }

  private:
    LiveSnapshot(Emulator& emulator, LiveFit fit, util::UniqueFd output, util::UniqueFd input)
        : emulator_(emulator),
          fit_(std::move(fit)),
          output_(std::move(output)),
          input_(std::move(input)) {}

    Result<> begin();
    Result<> take_back_pipe();
    Result<> read_stream(Spool& spool);
    Result<> follow(const Spool& spool, const RecordOptions& options);
    Result<> look(const RecordOptions& options);
    Result<> give_up(Spool& spool, const RecordOptions& options);
    Result<> free_hanging_guest() const;
    Result<guest::LiveMoment> moment();

    Emulator& emulator_;
    LiveFit fit_;
    util::UniqueFd output_, input_;  ///< the pipe's ends
    std::optional<Drainer> drainer_{};
    bool refused_ = false;
};

}  // namespace guestdump::attach
