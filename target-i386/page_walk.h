// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "guest/memory_map.h"
#include "guest/memory_mapping.h"
#include "guest/page_source.h"
#include "target-i386/paging_mode.h"
#include "target-i386/walked_tables.h"
#include "util/cancellation.h"

namespace guestdump::target_i386 {

/// State shared by all walks for one list. All referenced objects must outlive the walks.
struct WalkScope {
    const guest::PageSource& memory;
    const util::Cancellation& cancellation;
    WalkedTables& walked;  ///< tables of earlier walks; each walk adds its own
};

/// Adds to @out every mapping of guest memory in @mode's page tables, and joins mappings that are
/// contiguous in both virtual and physical addresses. Pages, parts of pages, and tables outside
/// memory are left out. A mapping may continue from one block into the next if they touch.
///
/// The guest controls the tables and can map 2^36 pages with a few of them. Each walk is therefore
/// limited to N mappings (24 bytes each), max(256, N/32) tables, and N references to tables already
/// read. N is out.cap(), 2^22 by default. All walks for one @out together are limited to the work
/// of four walks that reach all of these limits.
///
/// A walk reads each table once. It skips a table that an earlier walk for @out has read at the
/// same virtual address in the same way. A table that refers to a skipped table is read again for
/// every reference to it.
///
/// Any thread. Errors: one of these limits is exceeded; a table that cannot be read; cancellation;
/// out of memory. @out is unusable then.
Result<> walk_pages(const PagingMode& mode, const WalkScope& scope, guest::MemoryMappingList& out);

}  // namespace guestdump::target_i386
