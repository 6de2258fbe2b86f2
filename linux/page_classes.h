// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace guestdump::linux_guest {

/// The use that a guest's Linux kernel makes of a page, in the classes by which pages are left out
/// of dumps. [makedumpfile makedumpfile.c, __exclude_unnecessary_pages()]
enum class PageClass : uint8_t {
    kept,           ///< used by the kernel itself, or the use is not known
    free,           ///< in the buddy allocator
    unaccepted,     ///< memory that a confidential guest has not accepted yet; left out with free
    cache,          ///< page cache and tmpfs, without private data of a file system
    cache_private,  ///< page cache with private data of a file system
    user,           ///< anonymous memory of processes, and hugetlb pages, used or not
    hwpoison,       ///< has a memory error: must not be read
    offline,        ///< given back to the host by a balloon, or unplugged
};
inline constexpr size_t kPageClasses = 8;

/// The name of a class: "free", "cache-private"...
std::string_view name_of(PageClass page_class);

/// Numbers of pages by class.
struct PageCounts {
    std::array<uint64_t, kPageClasses> pages{};

    uint64_t& operator[](PageClass page_class) { return pages[static_cast<size_t>(page_class)]; }
    uint64_t operator[](PageClass page_class) const {
        return pages[static_cast<size_t>(page_class)];
    }
    PageCounts& operator+=(const PageCounts& other) {
        for (size_t i = 0; i < kPageClasses; ++i) pages[i] += other.pages[i];
        return *this;
    }
    bool operator==(const PageCounts&) const = default;
};

/// The kinds of pages that a request leaves out of a dump.
struct Exclusion {
    bool zero = false;           ///< pages of zeros, whatever they are used for
    bool cache = false;          ///< PageClass::cache
    bool cache_private = false;  ///< PageClass::cache_private, and PageClass::cache with it
    bool user = false;           ///< PageClass::user
    bool free = false;           ///< PageClass::free and PageClass::unaccepted

    /// The exclusion for makedumpfile's dump level @level, a sum of: 1 zero, 2 cache,
    /// 4 cache_private, 8 user, 16 free. Empty if @level is above 31.
    static std::optional<Exclusion> of_level(uint32_t level);
    /// The dump level; the inverse of of_level().
    uint32_t level() const;

    /// True if the guest kernel's memory map is needed to find the pages.
    bool by_class() const { return cache || cache_private || user || free; }

    /// True if pages of @page_class are left out. True for hwpoison and offline in any case.
    bool has(PageClass page_class) const;

    bool operator==(const Exclusion&) const = default;
};

}  // namespace guestdump::linux_guest
