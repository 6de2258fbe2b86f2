// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

namespace guestdump::guest {

/// The moment that a dump of a running guest shows.
struct LiveMoment {
    int64_t seconds = 0;       ///< since 1970-01-01 00:00 UTC
    uint32_t nanoseconds = 0;  ///< below 10^9
    uint64_t stopped_us = 0;   ///< time for which the vCPUs were stopped, microseconds

    bool operator==(const LiveMoment&) const = default;
};

}  // namespace guestdump::guest
