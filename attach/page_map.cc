// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/page_map.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <span>

namespace guestdump::attach {
namespace {

// PAGEMAP_SCAN came with Linux 6.7; Debian 12's headers are older. [linux include/uapi/linux/fs.h]
struct PageRegion {
    uint64_t start, end, categories;
};
struct ScanArguments {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
    uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
constexpr unsigned long kPagemapScan = _IOWR('f', 16, ScanArguments);
constexpr uint64_t kPageIsFile = 1 << 2, kPageIsPresent = 1 << 3, kPageIsSwapped = 1 << 4;

// An entry of /proc/PID/pagemap. [linux Documentation/admin-guide/mm/pagemap.rst]
constexpr uint64_t kEntryPresent = uint64_t{1} << 63;
constexpr uint64_t kEntrySwapped = uint64_t{1} << 62;
constexpr uint64_t kEntryFile = uint64_t{1} << 61;

/// Size of the pages that /proc/PID/pagemap has entries for, bytes.
uint64_t host_page_size() {
    return static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

bool is_populated(uint64_t entry, PageMap::Kind kind) {
    if (entry & kEntrySwapped) return true;
    if (!(entry & kEntryPresent)) return false;
    return kind == PageMap::Kind::present || !(entry & kEntryFile);
}

/// Reads the entries of consecutive pages: few at first, then more with each call, because most
/// runs are either very short or very long.
class Entries {
  public:
    Entries(int pagemap, uint64_t page) : pagemap_(pagemap), next_(page) {}

    /// Returns the next entries, at most @wanted. Empty if the kernel returns none.
    std::span<const uint64_t> next(uint64_t wanted) {
        const size_t count = std::min<uint64_t>(portion_, wanted);
        const ssize_t got = ::pread(pagemap_, buffer_.data(), count * sizeof(uint64_t),
                                    static_cast<off_t>(next_ * sizeof(uint64_t)));
        if (got <= 0) return {};
        const size_t pages = static_cast<size_t>(got) / sizeof(uint64_t);
        next_ += pages;
        portion_ = std::min(2 * portion_, buffer_.size());
        return {buffer_.data(), pages};
    }

  private:
    int pagemap_;
    uint64_t next_;
    size_t portion_ = 64;
    std::array<uint64_t, 4096> buffer_;
};

}  // namespace

Result<PageMap> PageMap::open(const Process& process, Way way) {
    util::UniqueFd pagemap = TRY(process.open_file("pagemap"));
    return PageMap(std::move(pagemap), way);
}

guest::RamExtent PageMap::extent(uint64_t address, uint64_t limit, Kind kind) const {
    if (can_scan_) {
        bool understood = true;
        const guest::RamExtent found = scan(address, limit, kind, understood);
        if (understood) return found;
        can_scan_ = false;
    }
    return read_entries(address, limit, kind);
}

/// One call returns the first run of populated pages. Pages before that run are not populated.
guest::RamExtent PageMap::scan(uint64_t address, uint64_t limit, Kind kind,
                               bool& understood) const {
    const uint64_t page = host_page_size();
    PageRegion first{};
    ScanArguments arguments{};
    arguments.size = sizeof arguments;
    arguments.start = address / page * page;
    arguments.end = (address + limit + page - 1) / page * page;
    arguments.vec = reinterpret_cast<uintptr_t>(&first);
    arguments.vec_len = 1;
    arguments.category_anyof_mask = kPageIsPresent | kPageIsSwapped;
    if (kind == Kind::own_present)
        arguments.category_mask = arguments.category_inverted = kPageIsFile;
    const int regions = ::ioctl(pagemap_.get(), kPagemapScan, &arguments);
    understood = regions >= 0;
    if (regions <= 0) return {.length = limit, .populated = false};
    if (first.start > address)
        return {.length = std::min(first.start - address, limit), .populated = false};
    return {.length = std::min(first.end - address, limit), .populated = true};
}

guest::RamExtent PageMap::read_entries(uint64_t address, uint64_t limit, Kind kind) const {
    const uint64_t size = host_page_size(), last = (address + limit - 1) / size;
    uint64_t page = address / size;
    Entries entries(pagemap_.get(), page);
    std::optional<bool> found;
    while (page <= last) {
        const std::span<const uint64_t> some = entries.next(last - page + 1);
        if (some.empty()) break;
        if (!found) found = is_populated(some[0], kind);
        const auto other = std::ranges::find_if(
            some, [&](uint64_t entry) { return is_populated(entry, kind) != *found; });
        page += static_cast<uint64_t>(other - some.begin());
        if (other != some.end()) break;
    }
    if (!found) return {.length = limit, .populated = true};
    return {.length = std::min(page * size - address, limit), .populated = *found};
}

}  // namespace guestdump::attach
