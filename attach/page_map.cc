// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/page_map.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "guest/pagemap_extent.h"

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

/// Size of the pages that /proc/PID/pagemap has entries for, bytes.
uint64_t host_page_size() {
    return static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

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
    // The other process's address is a number here, which nobody reads from.
    return guest::pagemap_extent(pagemap_.get(), reinterpret_cast<const std::byte*>(address), 0,
                                 limit, kind == Kind::own_present);
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

}  // namespace guestdump::attach
