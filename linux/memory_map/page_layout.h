// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "linux/vmcoreinfo.h"
#include "util/result.h"

namespace guestdump::linux_guest {

/// Largest order of a block of pages: 2^18 pages are a hugetlb page of 1 GiB. Blocks are aligned to
/// their size, so none crosses a multiple of 2^kMostOrder pages.
inline constexpr unsigned kMostOrder = 18;

/// A type of page. It is stored in the word that is _mapcount for pages that can be mapped. Up to
/// Linux 6.11 the type is the whole word; since then it is the top byte, and the other bytes may be
/// in use. [linux include/linux/page-flags.h]
struct PageType {
    uint32_t mask = 0;
    uint32_t value = 1;  ///< with mask 0, no page has this value

    /// True if a page with the word @mapcount is of this type.
    bool is(uint32_t mapcount) const { return (mapcount & mask) == value; }
};

/// How the kernel stores the order of a compound page, and how it marks hugetlb pages.
enum class CompoundKind : uint8_t {
    by_type,        ///< order: low byte of the second page's flags; mark: head's type (6.9)
    by_flag,        ///< order: as by_type; mark: a flag of the second page (6.6 to 6.8)
    by_destructor,  ///< order and destructor: bytes of the second page (4.6 to 6.5)
    by_function,    ///< order: second page's lru.prev; function: its lru.next (RHEL 7)
    single,         ///< not known; every page is judged by itself (4.4, 4.5)
};

/// The fields of the kernel's struct page, and the numbers that mark the use of pages. It depends
/// on the entries of VMCOREINFO, not on the kernel's version, because distributions backport
/// features. [linux include/linux/mm_types.h; makedumpfile makedumpfile.c]
struct PageLayout {
    /// Reads the layout from VMCOREINFO. Errors: an entry is missing, or has a value that no kernel
    /// has; the message has the entry and its value.
    static Result<PageLayout> of(const Vmcoreinfo& vmcoreinfo);

    uint32_t size = 0;  ///< size of struct page, bytes
    // Offsets of fields in bytes. All fields lie inside of the struct.
    uint32_t flags = 0, mapping = 0, mapcount = 0, private_data = 0;
    uint32_t refcount = 0, compound_head = 0;
    bool has_refcount = false, has_compound_head = false;
    /// The structs of a hugetlb page's tails may be further mappings of the page that holds the
    /// head's struct (5.14 to 7.0), so that a tail may look like a head.
    bool has_fake_heads = false;

    // Masks of flags, 0 if the kernel has none.
    uint64_t lru = 0, private_flag = 0, swapcache = 0, swapbacked = 0, slab = 0, hwpoison = 0;
    uint64_t head = 0;

    PageType buddy, offline, unaccepted, slab_type, hugetlb_type;
    uint32_t free_orders = 0;  ///< LENGTH(zone.free_area): free blocks have a lower order

    CompoundKind compound = CompoundKind::single;
    /// Offsets in the struct page of a compound page's second page, bytes.
    uint32_t order_at = 0, destructor_at = 0;
    uint64_t hugetlb_flag = 0;        ///< mask, for by_flag
    uint64_t hugetlb_destructor = 0;  ///< for by_destructor and by_function
    bool has_hugetlb_destructor = false;
};

}  // namespace guestdump::linux_guest
