// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>

#include "linux/memory_map/page_layout.h"
#include "linux/page_classes.h"

namespace guestdump::linux_guest {

/// The struct page of one page: its bytes, and its address in the kernel.
struct StructPage {
    uint64_t pfn = 0;
    uint64_t virt = 0;  ///< kernel address
    const std::byte* bytes = nullptr;
    const std::byte* next = nullptr;  ///< struct of the next page; nullptr if `pfn` is odd
};

/// The class of a page, or of the block of pages that begins with it, by its struct page.
struct Verdict {
    enum class Block : uint8_t {
        none,      ///< no block: the verdict is for this page only
        free,      ///< a block of the buddy allocator
        compound,  ///< a compound page: a head and its tails
        hugetlb,   ///< a compound page whose tails may share one page of structs
    };
    PageClass page_class = PageClass::kept;
    Block block = Block::none;
    uint8_t order = 0;         ///< the block has 2^order pages
    bool contradicts = false;  ///< the struct's fields contradict each other
};

/// Finds the class of a page by its struct page, as makedumpfile does. Immutable; any thread. The
/// verdicts depend on nothing but the layout and the exclusion, both of which are copied.
///
/// The first rule that matches decides: a tail is kept; free; unaccepted; page cache without, then
/// with private data; user; hwpoison; offline; everything else is kept. A page of a class that is
/// not left out is judged as hwpoison or offline if it is that too. More careful than makedumpfile
/// in two ways: blocks must be aligned to their size, and anonymous pages that have a type are
/// kept, because the mapping word of a page with a type has another meaning.
class PageJudge {
  public:
    /// @section_order: sections have 2^@section_order pages; no free block crosses a section.
    PageJudge(const PageLayout& layout, const Exclusion& exclusion, unsigned section_order)
        : layout_(layout), exclusion_(exclusion), section_order_(section_order) {}

    /// The verdict on @page, which is not inside of a block.
    Verdict judge(const StructPage& page) const;

    /// True if @page may be the second or a later page of a block of the kind @block.
    bool belongs(const StructPage& page, Verdict::Block block) const;

    /// True if the page itself has a memory error. Do not use it for tails of hugetlb pages,
    /// because they share structs.
    bool is_poisoned(const StructPage& page) const;

    const PageLayout& layout() const { return layout_; }
    /// True if the exclusion leaves out pages of @page_class.
    bool leaves_out(PageClass page_class) const { return exclusion_.has(page_class); }

  private:
    struct Fields;
    struct Compound {
        uint8_t order = 0;
        bool is_hugetlb = false;
    };

    bool is_tail(const StructPage& page, uint64_t flags) const;
    bool is_unused(const StructPage& page, uint64_t flags) const;
    Compound compound_of(const StructPage& page, const Fields& fields) const;
    Verdict judge_free(const StructPage& page, const Fields& fields, bool is_accepted) const;
    Verdict by_mapping(const Fields& fields, const Compound& compound) const;

    PageLayout layout_;
    Exclusion exclusion_;
    unsigned section_order_;
};

}  // namespace guestdump::linux_guest
