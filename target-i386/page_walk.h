// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "guest/memory_map.h"
#include "guest/page_source.h"
#include "target-i386/paging_mode.h"
#include "target-i386/walked_tables.h"
#include "util/cancellation.h"

namespace guestdump::target_i386 {

/// What all walks for one list have in common. Everything must outlive the walks.
struct WalkScope {
    const guest::PageSource& memory;
    const util::Cancellation& cancellation;
    WalkedTables& walked;  ///< by earlier walks; grows
};

/// Merges what the tables of @mode map onto memory into @out, joined where virtual and physical
/// addresses both go on. Pages or parts of pages outside memory
/// are left out, and so are tables there. Mappings may cross from one block into the next that
/// touches it.
///
/// The guest writes the tables, and with a few of them can describe 2^36 pages. So these are
/// bounded, with N = out.cap(), 2^22 unless an option says otherwise: N mappings of 24 bytes; N/32
/// tables to read, at least 256; N references to tables read before. All walks for one @out
/// together may take as much as four that reach all of these.
///
/// Each table is read once. Those that a walk for @out has read before are not read again where
/// they would map the same; a table with such ones below it is, from each new place.
///
/// Any thread. Errors: one of these bounds; a table that cannot be read; cancellation;
/// the host has no memory to give. @out is of no use then.
Result<> walk_pages(const PagingMode& mode, const WalkScope& scope, guest::MemoryMappingList& out);

}  // namespace guestdump::target_i386
