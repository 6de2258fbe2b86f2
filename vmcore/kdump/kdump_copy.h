// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "dump/writer.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

/// True if @request, for a kdump-compressed file, asks for pages of any other one as they are
/// stored there, without a range, a filter, a level, or a copy of each equal page.
bool wants_stored_pages(const dump::Request& request);

/// True if the pages of @file have the compression that @request, for a kdump-compressed file, asks
/// for.
bool is_stored_as_requested(const KdumpFile& file, const dump::Request& request);

/// Makes a writer of a kdump-compressed file that copies the stored pages of @vmcore without
/// decompressing any. Headers and notes are made from @snapshot, as for any dump. Bitmaps, the
/// kinds of pages that were left out, the order of pages and their bytes do not change; damaged
/// pages stay damaged.
///
/// Returns nullptr if the pages cannot be copied for @request: they have another compression; a
/// level, a range, or a copy of each equal page is requested; a descriptor points outside the page
/// data; or the page data is larger than its number of pages allows. The pages must be read one by
/// one then, which reports what is wrong with them.
///
/// @vmcore and @snapshot must outlive the writer. Errors: failed reads of descriptors; the guest
/// does not fit into the format.
Result<std::unique_ptr<dump::VmcoreWriter>> make_kdump_copy(const Vmcore& vmcore,
                                                            const dump::Snapshot& snapshot,
                                                            const dump::Request& request);

}  // namespace guestdump::vmcore
