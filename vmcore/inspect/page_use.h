// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "linux/page_filter.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

/// What the guest in @vmcore used its pages for. VMCOREINFO is that of the file, or is searched for
/// in its memory. The pages that @exclusion names are taken away from @pages, as by
/// linux_guest::filter_pages().
///
/// Reads the memory map only, unless VMCOREINFO must be searched for. Errors: as of filter_pages().
Result<linux_guest::PageFilterReport> page_use(const Vmcore& vmcore,
                                               const linux_guest::Exclusion& exclusion,
                                               guest::PageSet& pages, unsigned threads);

/// As page_use(), without taking pages away.
Result<linux_guest::PageFilterReport> count_page_use(const Vmcore& vmcore, unsigned threads);

}  // namespace guestdump::vmcore
