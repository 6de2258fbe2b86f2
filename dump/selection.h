// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "dump/request.h"
#include "guest/memory_map.h"
#include "guest/page_set.h"

namespace guestdump::dump {

/// The part of a guest's memory that a request wants: what stands between it and the writers.
struct Selection {
    guest::PageSet pages;              ///< pages of which the dump contains at least one byte
    guest::GuestPhysBlockList blocks;  ///< the bytes that the dump contains

    /// @memory: all of the guest's, with pages of @page_size bytes. A kdump file is made of pages:
    /// one that the request's range touches is in it with all its bytes. Any thread; takes time
    /// linear in the number of blocks. Errors: nothing is left.
    static Result<Selection> of(const guest::GuestPhysBlockList& memory, const Request& request,
                                uint64_t page_size);
};

}  // namespace guestdump::dump
