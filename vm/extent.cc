// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/extent.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <span>

namespace vm {

namespace {

constexpr uint64_t kPresent = uint64_t{1} << 63;
constexpr uint64_t kSwapped = uint64_t{1} << 62;
constexpr uint64_t kFileOrShared = uint64_t{1} << 61;

/// Pages asked of the kernel at first, and at most, in one call: most runs are either very short or
/// very long.
constexpr size_t kFirstPages = 64;
constexpr size_t kMostPages = 8192;

bool touched(uint64_t entry, bool private_only) {
    if (entry & kSwapped) return true;
    return (entry & kPresent) && !(private_only && (entry & kFileOrShared));
}

/// What is at @offset, where no more data follows: a hole, or nothing any more.
dump::RamExtent last_run(int fd, uint64_t offset, uint64_t size) {
    struct stat status;
    const bool known = fstat(fd, &status) == 0;
    const uint64_t end = known ? static_cast<uint64_t>(status.st_size) : 0;
    if (offset >= end) return {.length = size - offset, .populated = true};
    return {.length = std::min(end, size) - offset, .populated = false};
}

/// What one page holds is data as a whole: no need to find where that ends.
constexpr uint64_t kOnePage = 4096;

/// The run that @offset lies in, from there to its end or to @size.
dump::RamExtent run_at(int fd, uint64_t offset, uint64_t size, uint64_t wanted) {
    const off_t data = lseek(fd, static_cast<off_t>(offset), SEEK_DATA);
    if (data < 0 && errno == ENXIO) return last_run(fd, offset, size);
    if (data < 0) return {.length = size - offset, .populated = true};
    const auto data_at = static_cast<uint64_t>(data);
    if (data_at > offset) {
        return {.length = std::min(data_at, size) - offset, .populated = false};
    }
    if (wanted <= kOnePage) return {.length = wanted, .populated = true};
    const off_t hole = lseek(fd, data, SEEK_HOLE);
    const uint64_t end = hole > data ? std::min(static_cast<uint64_t>(hole), size) : size;
    return {.length = end - offset, .populated = true};
}

/// Entries of consecutive pages, read in growing portions.
class Entries {
  public:
    Entries(int pagemap, uint64_t page) : pagemap_(pagemap), next_page_(page) {}

    /// Empty when the kernel gives no more.
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

dump::RamExtent FileRuns::extent(uint64_t offset, uint64_t limit) const {
    const std::lock_guard lock(mutex_);
    if (const Run* const run = known(offset)) {
        return {.length = std::min(run->end, limit) - offset, .populated = true};
    }
    const dump::RamExtent run = run_at(fd_, offset, size_, limit - offset);
    if (run.populated && run.length > kOnePage) {
        kept_[oldest_] = {offset, offset + run.length};
        oldest_ = (oldest_ + 1) % kept_.size();
    }
    return {.length = std::min(run.length, limit - offset), .populated = run.populated};
}

const FileRuns::Run* FileRuns::known(uint64_t offset) const {
    const auto run = std::find_if(kept_.begin(), kept_.end(), [offset](const Run& kept) {
        return kept.begin <= offset && offset < kept.end;
    });
    return run == kept_.end() ? nullptr : &*run;
}

dump::RamExtent pagemap_extent(int pagemap, const std::byte* host, uint64_t offset, uint64_t limit,
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

}  // namespace vm
