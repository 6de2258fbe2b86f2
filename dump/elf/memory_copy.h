// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <span>

#include "dump/progress.h"
#include "dump/target/sink.h"
#include "guest/page_source.h"

namespace guestdump::dump {

/// Guest memory and its offset in the dump, in bytes.
struct CopyPart {
    guest::GpaRange range;
    uint64_t offset = 0;
};

/// Copies @parts, whose offsets grow, from @pages to @sink, uncompressed, on @threads threads. Zero
/// pages, of @page_size bytes, are not written: @sink has zeros there anyway, as holes if it can.
///
/// Adds the copied bytes to @progress. Errors: those of @pages, with the address; those of @sink;
/// cancellation.
Result<> copy_memory(std::span<const CopyPart> parts, uint32_t page_size, unsigned threads,
                     const guest::PageSource& pages, Sink& sink, Progress& progress);

}  // namespace guestdump::dump
