// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dump/request.h"
#include "dump/target/sink.h"
#include "guest/guest.h"
#include "util/cancellation.h"
#include "util/error.h"

namespace guestdump::dump {

/// The state of a dump that runs.
struct DumpProgress {
    enum class Phase : uint8_t {
        prepare,  ///< captures the guest, and prepares the file's headers
        filter,   ///< finds the pages to leave out
        protect,  ///< prepares memory for a dump while the guest runs
        memory,   ///< writes memory
        commit,   ///< makes the file durable; the guest runs again
    };
    Phase phase = Phase::prepare;
    uint64_t completed = 0;  ///< bytes of guest memory that were written, before compression
    uint64_t total = 0;      ///< bytes of guest memory to write
};

/// How a caller of dump_to() follows the dump and ends it early.
struct DumpControl {
    /// Called on the thread of dump_to(), several times a second. Cancels the dump if it returns
    /// false, and is not called any more then. Must not throw. May be empty.
    std::function<bool(const DumpProgress&)> on_progress{};
    std::chrono::milliseconds interval{100};  ///< time between two calls of @on_progress
    /// Any thread may cancel it; the dump then ends soon. It must outlive the call. May be null.
    const util::Cancellation* cancellation = nullptr;
};

/// The result of a complete dump.
struct DumpReport {
    uint64_t memory = 0;                ///< bytes of guest memory in the dump, before compression
    std::vector<std::string> warnings;  ///< problems that did not prevent the dump
};

/// Dumps @guest to @target, and returns when the file is closed. The guest is paused until its
/// memory has been read, and resumed before the file is made durable.
///
/// All functions of @guest are called on the thread of dump_to(); those of its memory, and of
/// @target, on threads that end with the call and have all signals blocked. Dumps of different
/// guests may run at the same time.
///
/// Errors: those of the guest and of the target; the format needs a target that can seek; no memory
/// is selected; Error::Kind::cancelled. The guest is resumed, and an unfinished file removed, then
/// too.
Result<DumpReport> dump_to(guest::Guest& guest, const Request& request,
                           std::unique_ptr<Sink> target, const DumpControl& control = {});

}  // namespace guestdump::dump
