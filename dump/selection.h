// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "dump/request.h"
#include "guest/memory_map.h"
#include "guest/page_set.h"
#include "guest/range_list.h"

namespace guestdump::dump {

/// The part of guest memory that a request selects, in the form that the writers use.
struct Selection {
    /// Pages with at least one byte in the dump.
    guest::PageSet pages;
    /// All pages of the guest: those in @pages, and those that a range or a filter, now or before,
    /// left out.
    guest::PageSet existing;
    guest::GuestPhysBlockList blocks;  ///< the bytes that the dump contains
    /// Bytes in the request's range that exist and that the dump does not contain.
    guest::RangeList left_out;

    /// @memory: all guest memory whose contents are known, with pages of @page_size bytes.
    /// @left_out: the rest. A kdump file consists of pages, so every page that the request's range
    /// touches is included completely. Any thread; the time is linear in the number of blocks and
    /// ranges. Errors: no memory is selected.
    static Result<Selection> of(const guest::GuestPhysBlockList& memory,
                                const guest::RangeList& left_out, const Request& request,
                                uint64_t page_size);
};

}  // namespace guestdump::dump
