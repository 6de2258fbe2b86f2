// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>

#include "guest/page_set.h"
#include "guest/page_source.h"
#include "util/mapped_array.h"

namespace guestdump::dump {

/// Returns some of a dump's non-zero pages, from all over the guest, one after the other, at most 2
/// MiB. The same guest gives the same pages, whatever the other options of the dump.
///
/// Errors: those of @source; out of memory.
Result<util::MappedArray<std::byte>> sample_pages(const guest::PageSet& pages, size_t page_size,
                                                  const guest::PageSource& source);

}  // namespace guestdump::dump
