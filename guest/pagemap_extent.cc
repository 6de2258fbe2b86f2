// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/pagemap_extent.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>

namespace guestdump::guest {

namespace {

constexpr uint64_t kPresent = uint64_t{1} << 63;
constexpr uint64_t kSwapped = uint64_t{1} << 62;
constexpr uint64_t kFileOrShared = uint64_t{1} << 61;

/// Pages asked of the kernel in the first call, and the most in any call. Most runs are either very
/// short or very long.
constexpr size_t kFirstPages = 64;
constexpr size_t kMostPages = 8192;

bool touched(uint64_t entry, bool private_only) {
    if (entry & kSwapped) return true;
    return (entry & kPresent) && !(private_only && (entry & kFileOrShared));
}

/// Reads the entries of consecutive pages, in growing portions.
class Entries {
  public:
    Entries(int pagemap, uint64_t page) : pagemap_(pagemap), next_page_(page) {}

    /// Empty if the kernel returns no more entries.
    std::span<const uint64_t> next(uint64_t pages_wanted) {
        const size_t count = std::min<uint64_t>(portion_, pages_wanted);
        const ssize_t got = pread(pagemap_, buffer_.data(), count * sizeof(uint64_t),
                                  static_cast<off_t>(next_page_ * sizeof(uint64_t)));
        if (got <= 0) return {};
        const size_t pages = static_cast<size_t>(got) / sizeof(uint64_t);
        next_page_ += pages;
        portion_ = std::min(2 * portion_, kMostPages);
        return {buffer_.data(), pages};
    }

  private:
    int pagemap_;
    uint64_t next_page_;
    size_t portion_ = kFirstPages;
    std::array<uint64_t, kMostPages> buffer_;
};

}  // namespace

RamExtent pagemap_extent(int pagemap, const std::byte* host, uint64_t offset, uint64_t limit,
                         bool private_only) {
    const auto page_size = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    const uint64_t base = reinterpret_cast<uint64_t>(host);
    const uint64_t last_page = (base + limit - 1) / page_size;
    uint64_t page = (base + offset) / page_size;
    Entries entries(pagemap, page);
    std::optional<bool> kind;
    while (page <= last_page) {
        const std::span<const uint64_t> some = entries.next(last_page - page + 1);
        if (some.empty()) break;
        if (!kind) kind = touched(some[0], private_only);
        const auto other = std::find_if(some.begin(), some.end(), [&](uint64_t entry) {
            return touched(entry, private_only) != *kind;
        });
        page += static_cast<uint64_t>(other - some.begin());
        if (other != some.end()) break;
    }
    if (!kind) return {.length = limit - offset, .populated = true};
    return {.length = std::min(page * page_size - base, limit) - offset, .populated = *kind};
}

}  // namespace guestdump::guest
