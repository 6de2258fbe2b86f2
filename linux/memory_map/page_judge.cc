// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/memory_map/page_judge.h"

#include <algorithm>
#include <cstring>

#include "util/stored.h"

namespace guestdump::linux_guest {
namespace {

constexpr uint64_t kAnonymous = 1;          ///< bit of mapping [linux include/linux/page-flags.h]
constexpr uint64_t kTail = 1;               ///< bit of compound_head and compound_info [same]
constexpr uint32_t kUnmapped = UINT32_MAX;  ///< _mapcount of a page that is not mapped
constexpr uint64_t kPage = 4096;

template <class T>
T load(const std::byte* from) {
    util::Stored<T, std::endian::little> stored;
    std::memcpy(&stored, from, sizeof(stored));
    return stored;
}

/// True if @mapcount is any type of page: as a count it would be below -1.
bool is_type(uint32_t mapcount) {
    return static_cast<int32_t>(mapcount) < -1;
}

}  // namespace

struct PageJudge::Fields {
    Fields(const PageLayout& layout, const std::byte* bytes)
        : flags(load<uint64_t>(bytes + layout.flags)),
          mapping(load<uint64_t>(bytes + layout.mapping)),
          mapcount(load<uint32_t>(bytes + layout.mapcount)) {
        is_slab = layout.slab_type.is(mapcount) || (flags & layout.slab) != 0;
        is_anonymous = (mapping & kAnonymous) != 0 && !is_slab;
        const bool may_swap = layout.swapbacked == 0 || (flags & layout.swapbacked) != 0;
        is_cache = (flags & layout.lru) != 0 || (may_swap && (flags & layout.swapcache) != 0);
    }

    uint64_t flags, mapping;
    uint32_t mapcount;
    bool is_slab, is_anonymous, is_cache;
};

bool PageJudge::is_tail(const StructPage& page, uint64_t flags) const {
    if (!layout_.has_compound_head) return false;
    if (load<uint64_t>(page.bytes + layout_.compound_head) & kTail) return true;
    // A tail of a hugetlb page whose struct is a second mapping of the head's struct. This is the
    // kernel's own test. [linux include/linux/page-flags.h page_fixed_fake_head()]
    if (!layout_.has_fake_heads || !(flags & layout_.head) || page.virt % kPage != 0 || !page.next)
        return false;
    const uint64_t head = load<uint64_t>(page.next + layout_.compound_head);
    return (head & kTail) && head - kTail != page.virt;
}

PageJudge::Compound PageJudge::compound_of(const StructPage& page, const Fields& fields) const {
    if (!(fields.flags & layout_.head) || !page.next) return {};
    Compound compound;
    uint64_t order = 0;
    const std::byte* const order_at = page.next + layout_.order_at;
    const std::byte* const destructor_at = page.next + layout_.destructor_at;
    switch (layout_.compound) {
        case CompoundKind::by_type:
            order = load<uint8_t>(order_at);
            compound.is_hugetlb = layout_.hugetlb_type.is(fields.mapcount);
            break;
        case CompoundKind::by_flag:
            order = load<uint8_t>(order_at);
            compound.is_hugetlb = (load<uint64_t>(order_at) & layout_.hugetlb_flag) != 0;
            break;
        case CompoundKind::by_destructor:
            order = load<uint8_t>(order_at);
            compound.is_hugetlb = layout_.has_hugetlb_destructor &&
                                  load<uint8_t>(destructor_at) == layout_.hugetlb_destructor;
            break;
        case CompoundKind::by_function:
            order = load<uint16_t>(order_at);
            compound.is_hugetlb = layout_.has_hugetlb_destructor &&
                                  load<uint64_t>(destructor_at) == layout_.hugetlb_destructor;
            break;
        case CompoundKind::single:
            break;
    }
    const bool fits = order <= kMostOrder && page.pfn % (uint64_t{1} << order) == 0;
    compound.order = fits ? static_cast<uint8_t>(order) : 0;
    return compound;
}

/// The verdict on a block of the buddy allocator or, if @is_accepted is false, of unaccepted
/// memory.
Verdict PageJudge::judge_free(const StructPage& page, const Fields& fields,
                              bool is_accepted) const {
    const uint64_t order =
        is_accepted ? load<uint64_t>(page.bytes + layout_.private_data) : layout_.free_orders - 1;
    const uint64_t most = std::min(kMostOrder, section_order_);
    if (order >= layout_.free_orders || order > most || page.pfn % (uint64_t{1} << order) != 0 ||
        !is_unused(page, fields.flags))
        return {.contradicts = true};
    return {.page_class = is_accepted ? PageClass::free : PageClass::unaccepted,
            .block = order == 0 ? Verdict::Block::none : Verdict::Block::free,
            .order = static_cast<uint8_t>(order)};
}

Verdict PageJudge::by_mapping(const Fields& fields, const Compound& compound) const {
    Verdict verdict;
    if (compound.order != 0) {
        verdict.block = compound.is_hugetlb ? Verdict::Block::hugetlb : Verdict::Block::compound;
        verdict.order = compound.order;
    }
    if (fields.is_cache && !fields.is_anonymous) {
        const bool is_private = (fields.flags & layout_.private_flag) != 0;
        verdict.page_class = is_private ? PageClass::cache_private : PageClass::cache;
    } else if (compound.is_hugetlb || (fields.is_anonymous && !is_type(fields.mapcount))) {
        verdict.page_class = PageClass::user;
    }
    if (leaves_out(verdict.page_class)) return verdict;
    if (fields.flags & layout_.hwpoison) {
        verdict.page_class = PageClass::hwpoison;
    } else if (layout_.offline.is(fields.mapcount) && !fields.is_slab) {
        verdict.page_class = PageClass::offline;
    }
    // Blocks that the kernel itself uses are judged page by page; each tail is kept.
    if (verdict.page_class == PageClass::kept) return {};
    return verdict;
}

Verdict PageJudge::judge(const StructPage& page) const {
    const Fields fields(layout_, page.bytes);
    if (is_tail(page, fields.flags)) return {};
    const bool is_buddy = layout_.buddy.is(fields.mapcount);
    if (!fields.is_slab && (is_buddy || layout_.unaccepted.is(fields.mapcount))) {
        const Verdict verdict = judge_free(page, fields, is_buddy);
        const bool is_lost = (fields.flags & layout_.hwpoison) != 0;
        if (!is_lost || leaves_out(verdict.page_class)) return verdict;
        return {.page_class = PageClass::hwpoison, .contradicts = verdict.contradicts};
    }
    return by_mapping(fields, compound_of(page, fields));
}

/// True if the page is not in use. All pages of a free block must be unused.
bool PageJudge::is_unused(const StructPage& page, uint64_t flags) const {
    if (flags & layout_.lru) return false;
    return !layout_.has_refcount || load<uint32_t>(page.bytes + layout_.refcount) == 0;
}

bool PageJudge::belongs(const StructPage& page, Verdict::Block block) const {
    const auto flags = load<uint64_t>(page.bytes + layout_.flags);
    if (block == Verdict::Block::free) {
        return is_unused(page, flags) && load<uint32_t>(page.bytes + layout_.mapcount) == kUnmapped;
    }
    return !layout_.has_compound_head || is_tail(page, flags);
}

bool PageJudge::is_poisoned(const StructPage& page) const {
    return (load<uint64_t>(page.bytes + layout_.flags) & layout_.hwpoison) != 0;
}

}  // namespace guestdump::linux_guest
