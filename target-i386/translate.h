// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "guest/architecture.h"
#include "guest/page_source.h"
#include "target-i386/paging_mode.h"

namespace guestdump::target_i386 {

/// Finds where the tables of @mode with their top at @root map one address, as a processor does: it
/// reads one entry per level and ignores the others. Empty if an entry is absent or would fault, or
/// if a table lies outside @memory. Any thread. [SDM 3A 4.3 to 4.5]
guest::PageWalk walk_to(const PagingMode& mode, guest::Gpa root, guest::Gva address,
                        const guest::PageSource& memory);

/// The physical address that walk_to() finds.
std::optional<guest::Gpa> translate(const PagingMode& mode, guest::Gpa root, guest::Gva address,
                                    const guest::PageSource& memory);

}  // namespace guestdump::target_i386
