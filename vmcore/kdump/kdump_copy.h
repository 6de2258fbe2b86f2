// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "dump/writer.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

/// The writer of a kdump-compressed file with the pages of @vmcore as they are stored there: not
/// one is decompressed. Headers and notes are made from @snapshot, as for any dump; bitmaps, the
/// kinds of pages that were left out, the order of pages and their bytes stay. A page that is
/// damaged stays that, too.
///
/// nullptr where @request asks for something else, or not all that is in the file can be taken on
/// trust: the pages have another compression; a level, a range, or equal pages each by itself are
/// wanted; a descriptor leads outside of the page data, or these are larger than so many pages can
/// be. Whoever reads the pages then will tell what is wrong with them.
///
/// @vmcore and @snapshot must outlive it. Errors: reading descriptors; the guest does not fit the
/// format.
Result<std::unique_ptr<dump::VmcoreWriter>> make_kdump_copy(const Vmcore& vmcore,
                                                            const dump::Snapshot& snapshot,
                                                            const dump::Request& request);

}  // namespace guestdump::vmcore
