// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <set>
#include <utility>

#include "guest/memory_map.h"
#include "guest/memory_mapping.h"
#include "guest/page_source.h"
#include "target-i386/paging_mode.h"
#include "target-i386/walked_tables.h"
#include "util/cancellation.h"

namespace guestdump::target_i386 {

/// The address spaces of a guest's vCPUs, walked one after the other. Equal ones are walked once,
/// and tables that several share are read once. One thread.
class AddressSpaces {
  public:
    /// Both must outlive this.
    AddressSpaces(const guest::PageSource& memory, const util::Cancellation& cancellation)
        : memory_(memory), cancellation_(cancellation) {}

    /// Adds the mappings of @mode's tables, unless they were walked before.
    /// Errors: those of walk_pages(); @out is unusable then.
    Result<> walk(const PagingMode& mode, guest::MemoryMappingList& out);

    /// The number of different address spaces that were walked.
    size_t count() const { return seen_.size(); }

  private:
    const guest::PageSource& memory_;
    const util::Cancellation& cancellation_;
    WalkedTables walked_;
    std::set<std::pair<uint64_t, uint64_t>> seen_;  ///< top table, and how tables are read
};

}  // namespace guestdump::target_i386
