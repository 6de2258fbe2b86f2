// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "dump/kdump/kdump_layout.h"
#include "dump/progress.h"
#include "dump/request.h"
#include "dump/target/sink.h"
#include "dump/writer.h"
#include "guest/page_set.h"
#include "guest/page_source.h"

namespace guestdump::dump {

/// Writes the page descriptors and the pages of a kdump file: @pages, as @source has them, in
/// the way that @request, for a kdump file, wants, at the places of @layout. Gives the end of the
/// file.
///
/// Pages go through a pipeline in chunks: read and hashed; looked up among the pages before them;
/// compressed; given an offset; written. What depends on earlier pages is done in order, so the
/// bytes are the same for any number of threads. Zero pages share one stored page, and so do equal
/// ones if that is wanted and @source lets a page be read again.
///
/// Errors: those of @source and @sink, the compressor's, @check_memory's (called once the
/// compressors have been created), and that @progress was cancelled.
Result<uint64_t> write_kdump_pages(const guest::PageSet& pages, const Request& request,
                                   const KdumpLayout& layout, const guest::PageSource& source,
                                   Sink& sink, Progress& progress, const MemoryCheck& check_memory);

}  // namespace guestdump::dump
