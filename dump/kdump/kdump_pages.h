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

/// Writes the page descriptors and the pages of a kdump file at the offsets in @layout: the pages
/// in @pages, read from @source, with the options of @request, which must be for a kdump file.
/// Returns the offset of the end of the file.
///
/// Pages go through a pipeline in chunks: read and hash; look for equal earlier pages; compress;
/// assign an offset; write. Steps that depend on earlier pages run in order, so the output is the
/// same for any number of threads. Zero pages share one stored page. So do equal pages, if
/// requested and if @source allows reading a page again.
///
/// Errors: those of @source, @sink, the compressor and @check_memory (called once the compressors
/// have been created); cancellation of @progress.
Result<uint64_t> write_kdump_pages(const guest::PageSet& pages, const Request& request,
                                   const KdumpLayout& layout, const guest::PageSource& source,
                                   Sink& sink, Progress& progress, const MemoryCheck& check_memory);

}  // namespace guestdump::dump
