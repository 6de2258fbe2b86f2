// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "guest/page_source.h"
#include "target-i386/paging_mode.h"

namespace guestdump::target_i386 {

/// Where the tables of @mode with their top at @root map one address: as the processor walks them,
/// an entry a level, whatever the rest of them is like. Empty where an entry is absent or would
/// fault, or a table lies outside @memory. Any thread. [SDM 3A 4.3 to 4.5]
std::optional<guest::Gpa> translate(const PagingMode& mode, guest::Gpa root, guest::Gva address,
                                    const guest::PageSource& memory);

}  // namespace guestdump::target_i386
