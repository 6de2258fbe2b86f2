// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "attach/emulator.h"
#include "attach/held_core.h"
#include "vmcore/vmcore.h"

namespace guestdump::attach {

/// The result of examine(). Exactly one of the members is set.
struct Prospect {
    std::optional<Process> process;  ///< QEMU's process, whose memory this process can read
    std::optional<Error> why_not;    ///< why it cannot; QEMU can still write its dump itself
};

/// Checks, while the guest still runs, whether it can be dumped and read. Errors: the guest
/// cannot be dumped now, not even by QEMU; its private memory (guest_memfd) cannot be read by the
/// host; those of Emulator.
Result<Prospect> examine(Emulator& emulator);

/// A guest of another process that is stopped while this process reads it as a vmcore. If this
/// process ends in any way, the hold ends too, and the guest runs on if it ran before. One thread,
/// but the result of vmcore() may be used by any thread.
class HeldGuest {
  public:
    /// How a hold ended.
    struct Release {
        double seconds = 0;       ///< seconds from the request for the hold to its end
        bool seen_to_end = true;  ///< false if QEMU did not report the end of its dump in 10 s
    };

    /// Holds the guest of @emulator, which runs in @process. @emulator must outlive the result.
    /// @interrupt: a descriptor that ends waits when it becomes readable, or -1.
    ///
    /// Errors: QEMU refuses; its memory cannot be read; a wait was interrupted (EINTR). After an
    /// error the guest runs on as before.
    static Result<std::unique_ptr<HeldGuest>> enter(Emulator& emulator, Process process,
                                                    int interrupt);
    /// Ends the hold, and does not wait until the guest runs again.
    ~HeldGuest();

    /// The guest as it was when it was stopped. Its memory can be read until release().
    const vmcore::Vmcore& vmcore() const { return *vmcore_; }

    /// False if the guest was already stopped before the hold; it then stays stopped after it.
    bool ran() const { return ran_; }

    /// Call it after all memory has been read. Errors: QEMU has ended, or has given up its dump.
    /// The memory that was read may then not be of one moment.
    Result<> check();

    /// Ends the hold and waits, for at most 10 seconds, until QEMU has ended its dump and the guest
    /// runs again if it ran before.
    Release release();

  private:
    using Clock = std::chrono::steady_clock;

    HeldGuest(Emulator& emulator, Process process, HoldPipe pipe)
        : emulator_(emulator), process_(std::move(process)), pipe_(std::move(pipe)) {}

    Result<> hold(int interrupt);
    Result<std::vector<uint64_t>> addresses_of(const std::vector<CoreLoad>& loads);

    Emulator& emulator_;
    Process process_;
    HoldPipe pipe_;
    bool ran_ = false;
    Clock::time_point begin_{};
    std::shared_ptr<HeldCore> core_;
    std::unique_ptr<vmcore::Vmcore> vmcore_;
};

}  // namespace guestdump::attach
