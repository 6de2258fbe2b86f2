// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "guest/page_set.h"
#include "linux/kernel_memory.h"

namespace guestdump::linux_guest {

/// Finds the struct page of each page of memory. Memory is divided into sections, each with an
/// array of structs of its own (sparsemem), or has one array for all (flatmem). [linux mm/sparse.c]
///
/// Immutable; any thread, each with a reader of its own.
class SectionTable {
  public:
    /// @memory: all pages that exist; with sparsemem at least one of them must have a struct page
    /// that is mapped. @struct_size: SIZE(page), bytes. Errors: entries of VMCOREINFO are missing,
    /// or have values that no kernel has; no page has a struct page; the table cannot be read.
    static Result<SectionTable> find(const Vmcoreinfo& vmcoreinfo, KernelReader& reader,
                                     const guest::PageSet& memory, uint32_t struct_size);

    /// A section has 2^section_order() pages, and begins at a multiple of that.
    unsigned section_order() const { return section_order_; }

    /// Returns the base of the array for the section of @pfn: the struct page of @pfn is at base +
    /// SIZE(page) * @pfn, a kernel address modulo 2^64. Empty if the section has no struct pages,
    /// or is offline.
    std::optional<uint64_t> base_for(uint64_t pfn, KernelReader& reader) const;

    /// Kernel addresses of the two words that base_for(@pfn) reads; 0 if it reads one or none.
    struct Places {
        uint64_t root = 0, section = 0;
    };
    Places places_for(uint64_t pfn, KernelReader& reader) const;

  private:
    SectionTable() = default;

    Result<> read_shape(const Vmcoreinfo& vmcoreinfo);
    Result<> read_roots(uint64_t sections);
    bool maps_some(KernelReader& reader, const guest::PageSet& memory, uint32_t struct_size) const;

    bool is_flat_ = false;
    uint64_t flat_base_ = 0;

    uint64_t table_ = 0;  ///< kernel address of mem_section's first entry
    uint64_t length_ = 0, entry_size_ = 0, map_offset_ = 0;
    uint64_t per_root_ = 0;  ///< sections of one root; 0 if the table holds the sections itself
    unsigned section_order_ = kMostSectionOrder;
    bool tells_online_ = false;

    static constexpr unsigned kMostSectionOrder = 24;
};

}  // namespace guestdump::linux_guest
