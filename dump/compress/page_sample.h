// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>

#include "guest/page_set.h"
#include "guest/page_source.h"
#include "util/mapped_array.h"

namespace guestdump::dump {

/// Some of a dump's pages that are not zero, from all over the guest: one behind the other, at most
/// 2 MiB. The same pages for the same guest, whatever else is asked of the dump.
///
/// Errors: those of @source; the host has no memory to give.
Result<util::MappedArray<std::byte>> sample_pages(const guest::PageSet& pages, size_t page_size,
                                                  const guest::PageSource& source);

}  // namespace guestdump::dump
