// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string_view>

#include "util/stored.h"

/// The note of our own by which a vmcore shows that its guest ran on. docs/live.md describes it.

namespace guestdump::format {

inline constexpr std::string_view kLiveNoteName = "GUESTDUMP";

/// "LIVE" in a debugger. Readers that look only at types take smaller numbers for notes of theirs.
inline constexpr uint32_t kNtLive = 0x4556494c;

inline constexpr uint32_t kLiveNoteVersion = 1;

/// The descriptor. Later versions may be longer.
struct LiveNote {
    util::le32 version = kLiveNoteVersion;
    util::le32 nanoseconds;
    util::le64 seconds;     ///< of the moment, since 1970-01-01 00:00 UTC
    util::le64 stopped_us;  ///< for how long the vCPUs stood still, microseconds
};
static_assert(sizeof(LiveNote) == 24);

}  // namespace guestdump::format
