// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/memory_map/page_layout.h"

#include <bit>
#include <cinttypes>

namespace guestdump::linux_guest {
namespace {

constexpr uint64_t kLeastSize = 32, kMostSize = 512;
constexpr uint64_t kMostFreeOrders = 32;
/// Mask of PG_head for kernels whose VMCOREINFO does not have it. [makedumpfile makedumpfile.c]
constexpr uint64_t kOldHeadMask = uint64_t{1} << 14;
/// Types up to this value occupy the top byte only.
constexpr int64_t kTopByteTypes = -0x01000000;

/// Reads entries of VMCOREINFO, and keeps an error for the first one that is missing or impossible.
class Entries {
  public:
    explicit Entries(const Vmcoreinfo& vmcoreinfo) : vmcoreinfo_(vmcoreinfo) {}

    /// Offset of a field of @width bytes in a struct of @size bytes.
    uint32_t offset(const char* name, uint64_t width, uint64_t size) {
        const auto found = vmcoreinfo_.offset(name);
        if (!found) return missing("OFFSET", name);
        return checked_offset(name, *found, width, size);
    }

    uint32_t checked_offset(const char* name, uint64_t offset, uint64_t width, uint64_t size) {
        if (offset <= size && width <= size - offset) return static_cast<uint32_t>(offset);
        fail(Error::make("VMCOREINFO has OFFSET(%s)=%" PRIu64 ", and SIZE(page)=%" PRIu64, name,
                         offset, size));
        return 0;
    }

    /// The mask of a flag. An error if the kernel does not have it.
    uint64_t flag(const char* name) {
        return vmcoreinfo_.number(name) ? optional_flag(name) : missing("NUMBER", name);
    }

    /// The mask of a flag; 0 if the kernel does not have it.
    uint64_t optional_flag(const char* name) {
        const auto bit = vmcoreinfo_.number(name);
        if (!bit) return 0;
        if (*bit < 64) return uint64_t{1} << *bit;
        fail(Error::make("VMCOREINFO has NUMBER(%s)=%" PRId64 ", which is no bit of 64", name,
                         static_cast<int64_t>(*bit)));
        return 0;
    }

    /// A type of page. Matches no page if the kernel does not have it.
    PageType type(const char* name) {
        const auto number = vmcoreinfo_.number(name);
        if (!number) return {};
        const auto value = static_cast<int64_t>(*number);
        // -1 and more are counts of mappings, so they cannot be types.
        if (value >= -1 || value < INT32_MIN) {
            fail(Error::make("VMCOREINFO has NUMBER(%s)=%" PRId64 ", which is no type of pages",
                             name, value));
            return {};
        }
        const uint32_t mask = value <= kTopByteTypes ? 0xff000000 : 0xffffffff;
        return {mask, static_cast<uint32_t>(value) & mask};
    }

    uint32_t missing(const char* kind, const char* name) {
        fail(Error::make("VMCOREINFO has no %s(%s)", kind, name));
        return 0;
    }

    void fail(Error error) {
        if (!error_) error_ = std::move(error);
    }

    bool has_failed() const { return error_.has_value(); }
    Result<> result() && {
        if (error_) return std::move(*error_);
        return {};
    }

  private:
    const Vmcoreinfo& vmcoreinfo_;
    std::optional<Error> error_;
};

void read_fields(const Vmcoreinfo& vmcoreinfo, Entries& entries, PageLayout& layout) {
    layout.flags = entries.offset("page.flags", 8, layout.size);
    layout.mapping = entries.offset("page.mapping", 8, layout.size);
    layout.mapcount = entries.offset("page._mapcount", 4, layout.size);
    layout.private_data = entries.offset("page.private", 8, layout.size);
    for (const char* name : {"page._refcount", "page._count"}) {
        if (layout.has_refcount || !vmcoreinfo.offset(name)) continue;
        layout.refcount = entries.offset(name, 4, layout.size);
        layout.has_refcount = true;
    }
    for (const char* name : {"page.compound_head", "page.compound_info"}) {
        if (layout.has_compound_head || !vmcoreinfo.offset(name)) continue;
        layout.compound_head = entries.offset(name, 8, layout.size);
        layout.has_compound_head = true;
        // Kernels with compound_info, which is not a pointer, have no fake heads: the structs of
        // tails share a page that holds tails only.
        layout.has_fake_heads = std::string_view(name) == "page.compound_head";
    }
}

void read_flags(const Vmcoreinfo& vmcoreinfo, Entries& entries, PageLayout& layout) {
    layout.lru = entries.flag("PG_lru");
    layout.private_flag = entries.flag("PG_private");
    layout.swapcache = entries.flag("PG_swapcache");
    layout.swapbacked = entries.optional_flag("PG_swapbacked");
    layout.slab = entries.optional_flag("PG_slab");
    layout.hwpoison = entries.optional_flag("PG_hwpoison");
    layout.head = vmcoreinfo.number("PG_head_mask").value_or(kOldHeadMask);
    if (!std::has_single_bit(layout.head)) {
        entries.fail(Error::make("VMCOREINFO has NUMBER(PG_head_mask)=%" PRId64
                                 ", which is not one bit",
                                 static_cast<int64_t>(layout.head)));
    }
}

void read_types(const Vmcoreinfo& vmcoreinfo, Entries& entries, PageLayout& layout) {
    if (!vmcoreinfo.number("PAGE_BUDDY_MAPCOUNT_VALUE"))
        entries.missing("NUMBER", "PAGE_BUDDY_MAPCOUNT_VALUE");
    layout.buddy = entries.type("PAGE_BUDDY_MAPCOUNT_VALUE");
    layout.offline = entries.type("PAGE_OFFLINE_MAPCOUNT_VALUE");
    layout.unaccepted = entries.type("PAGE_UNACCEPTED_MAPCOUNT_VALUE");
    layout.slab_type = entries.type("PAGE_SLAB_MAPCOUNT_VALUE");
    layout.hugetlb_type = entries.type("PAGE_HUGETLB_MAPCOUNT_VALUE");
    const auto orders = vmcoreinfo.length("zone.free_area");
    if (!orders) entries.missing("LENGTH", "zone.free_area");
    if (orders && (*orders == 0 || *orders > kMostFreeOrders)) {
        entries.fail(Error::make("VMCOREINFO has LENGTH(zone.free_area)=%" PRIu64
                                 ", which is not from 1 to %" PRIu64,
                                 *orders, kMostFreeOrders));
    }
    layout.free_orders = static_cast<uint32_t>(orders.value_or(1));
}

/// RHEL 7, and kernels before 4.4: the second page's lru holds the order and the destructor.
void read_function(const Vmcoreinfo& vmcoreinfo, Entries& entries, PageLayout& layout) {
    const auto lru = vmcoreinfo.offset("page.lru");
    const auto next = vmcoreinfo.offset("list_head.next"),
               prev = vmcoreinfo.offset("list_head.prev");
    // Linux 4.4 has a number for the destructor, and stores the order elsewhere.
    if (!lru || !next || !prev || vmcoreinfo.number("HUGETLB_PAGE_DTOR")) return;
    if (*lru > kMostSize || *next > kMostSize || *prev > kMostSize) return;
    layout.compound = CompoundKind::by_function;
    layout.order_at = entries.checked_offset("page.lru", *lru + *prev, 2, layout.size);
    layout.destructor_at = entries.checked_offset("page.lru", *lru + *next, 8, layout.size);
    const auto function = vmcoreinfo.symbol("free_huge_page");
    layout.has_hugetlb_destructor = function.has_value();
    layout.hugetlb_destructor = function.value_or(0);
}

void read_destructor(const Vmcoreinfo& vmcoreinfo, PageLayout& layout) {
    const auto destructor = vmcoreinfo.number("HUGETLB_PAGE_DTOR");
    layout.has_hugetlb_destructor = destructor.has_value();
    layout.hugetlb_destructor = destructor.value_or(0);
    layout.compound = CompoundKind::by_destructor;
}

void read_compound(const Vmcoreinfo& vmcoreinfo, Entries& entries, PageLayout& layout) {
    if (layout.hugetlb_type.mask != 0) {
        layout.compound = CompoundKind::by_type;
        layout.order_at = layout.flags;
    } else if (vmcoreinfo.number("PG_hugetlb")) {
        layout.compound = CompoundKind::by_flag;
        layout.order_at = layout.flags;
        layout.hugetlb_flag = entries.optional_flag("PG_hugetlb");
    } else if (const auto order = vmcoreinfo.offset("folio._folio_order"),
               destructor = vmcoreinfo.offset("folio._folio_dtor");
               order && destructor) {
        // A struct folio covers the struct pages of the head and of the second page.
        read_destructor(vmcoreinfo, layout);
        layout.order_at =
            entries.checked_offset("folio._folio_order", *order - layout.size, 1, layout.size);
        layout.destructor_at =
            entries.checked_offset("folio._folio_dtor", *destructor - layout.size, 1, layout.size);
    } else if (vmcoreinfo.offset("page.compound_order") &&
               vmcoreinfo.offset("page.compound_dtor")) {
        // Up to Linux 4.15 they are larger than a byte, but the low byte is enough.
        read_destructor(vmcoreinfo, layout);
        layout.order_at = entries.offset("page.compound_order", 1, layout.size);
        layout.destructor_at = entries.offset("page.compound_dtor", 1, layout.size);
    } else {
        read_function(vmcoreinfo, entries, layout);
    }
}

}  // namespace

Result<PageLayout> PageLayout::of(const Vmcoreinfo& vmcoreinfo) {
    const auto size = vmcoreinfo.size("page");
    if (!size) return Error::make("VMCOREINFO has no SIZE(page)");
    if (*size < kLeastSize || *size > kMostSize || *size % 8 != 0) {
        return Error::make("VMCOREINFO has SIZE(page)=%" PRIu64
                           ", which is not a multiple of 8 from %" PRIu64 " to %" PRIu64,
                           *size, kLeastSize, kMostSize);
    }
    PageLayout layout;
    layout.size = static_cast<uint32_t>(*size);
    Entries entries(vmcoreinfo);
    read_fields(vmcoreinfo, entries, layout);
    read_flags(vmcoreinfo, entries, layout);
    read_types(vmcoreinfo, entries, layout);
    read_compound(vmcoreinfo, entries, layout);
    TRY(std::move(entries).result());
    return layout;
}

}  // namespace guestdump::linux_guest
