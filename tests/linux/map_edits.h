// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>

#include "tests/linux/map_guest.h"
#include "util/stored.h"

namespace guestdump::linux_guest {

/// One change of a guest's memory map. The inputs of the fuzz target consist of these.
struct MapEdit {
    uint8_t kind = 0;   ///< kind of change; modulo kKinds
    uint8_t small = 0;  ///< depending on the kind: an order, a field...
    util::le16 place;   ///< depending on the kind: a page, a table entry...
    util::le64 value;

    enum Kind : uint8_t {
        field,        ///< one field of a struct page
        free_block,   ///< pages in the buddy allocator
        user_pages,   ///< pages of a process
        cache_pages,  ///< pages of a file
        noise_pages,  ///< struct pages with random bytes
        poisoned,     ///< a page's hwpoison flag
        section,      ///< the word of a memory section
        table_entry,  ///< an entry of a page table
        vmcoreinfo,   ///< a number of VMCOREINFO
        cpu,          ///< a vCPU in the kernel
        kKinds
    };
};
static_assert(sizeof(MapEdit) == 12);

void apply(const MapEdit& edit, MapGuest& guest);

/// Checks that filtering by @level leaves out the same pages as NaiveFilter, except for those that
/// are never left out; or leaves out nothing if it does not trust the map. Returns the condition
/// that is violated, or nullptr. Sets @trusted to whether the map was trusted. With @mends_count,
/// if only the kernel's count of free pages is wrong, it is corrected and the map is filtered
/// again.
const char* disagreement(MapGuest& guest, unsigned level, unsigned threads, bool mends_count,
                         bool& trusted);

}  // namespace guestdump::linux_guest
