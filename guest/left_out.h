// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "guest/range_list.h"

namespace guestdump::guest {

/// The parts of a guest's memory that are missing in the file that the guest is read from. Empty
/// for a machine. A dump of such a guest records it too. A plain value.
struct LeftOut {
    /// Memory that exists, but whose contents are unknown, because a filter or a range left it out
    /// or the file was truncated. It is in none of the guest's blocks.
    RangeList ranges{};
    /// The kinds of pages that were left out, as makedumpfile's dump level: 1 zero, 2 cache, 4
    /// private cache, 8 user, 16 free. Empty if the file does not record it.
    std::optional<uint32_t> level{};
    /// Pages that a filter left out, by class, as in format::FilterNote. Empty if not recorded.
    std::vector<uint64_t> pages_by_class{};
    uint64_t max_mapnr = 0;  ///< as recorded; 0 if the file does not record it
};

}  // namespace guestdump::guest
