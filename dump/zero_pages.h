// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "guest/page_set.h"
#include "guest/page_source.h"
#include "util/cancellation.h"

namespace guestdump::dump {

/// The pages of @pages, of @page_size bytes, that have a byte other than zero. Reads all of them
/// that were ever written to, on @threads threads; the result does not depend on their number. Any
/// thread.
///
/// Errors: those of @memory, with the address; cancellation; the host has no memory to give.
Result<guest::PageSet> filled_pages(const guest::PageSet& pages, uint32_t page_size,
                                    unsigned threads, const guest::PageSource& memory,
                                    const util::Cancellation& cancellation);

}  // namespace guestdump::dump
