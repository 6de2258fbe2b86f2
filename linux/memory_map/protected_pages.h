// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <span>
#include <string>

#include "linux/memory_map/chunk_scan.h"
#include "util/mapped_vector.h"

namespace guestdump::linux_guest {

/// The reason why a page is never left out.
enum class Reason : uint8_t {
    // No kernel puts these pages into a class that is left out. If one is in such a class, the
    // memory map or VMCOREINFO is wrong.
    memory_map,   ///< struct pages, and the tables that lead to them
    page_table,   ///< page tables of the kernel, and the top table of each vCPU
    kernel_text,  ///< the kernel's code at _stext
    vcpu_code,    ///< code of the kernel that a vCPU was executing
    vcpu_stack,   ///< the kernel stack that a vCPU was using
    // These are kept without an error.
    other,
};

/// Pages that are never left out of a dump, whatever their class in the memory map. One thread adds
/// pages and calls sort(); after that any thread may call the const functions.
class ProtectedPages {
  public:
    /// Adds all pages that overlap [@from, @from + @size); none if @size is 0. Errors: the host has
    /// no memory to give.
    Result<> add(guest::Gpa from, uint64_t size, Reason reason);

    /// Call it after the last add().
    void sort();

    /// A page that should not have been marked.
    struct Hit {
        uint64_t pfn = 0;
        Reason reason = Reason::other;
    };

    /// Finds the first page of chunk @chunk that exists (@memory), is marked in @marks, and is
    /// protected for a reason other than `other`.
    std::optional<Hit> find_marked(uint64_t chunk, const ChunkScan::Marks& marks,
                                   const guest::PageSet& memory) const;

    /// Clears the marks of all protected pages of chunk @chunk.
    void unmark(uint64_t chunk, ChunkScan::Marks& marks) const;

    size_t size() const { return entries_.size(); }

  private:
    /// Pages of one chunk.
    struct Entry {
        uint64_t first = 0, end = 0;
        Reason reason = Reason::other;
    };
    std::span<const Entry> of_chunk(uint64_t chunk) const;
    Result<> push(Entry entry);
    void join();
    void coarsen();

    util::MappedVector<Entry> entries_;
    uint64_t granule_ = 1;  ///< entries are rounded to multiples of this many pages
};

/// The name of a reason for messages: "the memory map"...
const char* name_of(Reason reason);

}  // namespace guestdump::linux_guest
