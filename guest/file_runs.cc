// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/file_runs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace guestdump::guest {
namespace {

/// The extent at @offset if no more data follows: a hole, or bytes past the end of the file.
RamExtent last_run(int fd, uint64_t offset, uint64_t size) {
    struct stat status;
    const bool known = fstat(fd, &status) == 0;
    const uint64_t end = known ? static_cast<uint64_t>(status.st_size) : 0;
    if (offset >= end) return {.length = size - offset, .populated = true};
    return {.length = std::min(end, size) - offset, .populated = false};
}

/// A page that contains data counts as data as a whole, so there is no need to find its end.
constexpr uint64_t kOnePage = 4096;

/// The run that contains @offset, from there to the run's end or to @size.
RamExtent run_at(int fd, uint64_t offset, uint64_t size, uint64_t wanted) {
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

}  // namespace

RamExtent FileRuns::extent(uint64_t offset, uint64_t limit) const {
    const std::lock_guard lock(mutex_);
    if (const Run* const run = known(offset)) {
        return {.length = std::min(run->end, limit) - offset, .populated = true};
    }
    const RamExtent run = run_at(fd_, offset, size_, limit - offset);
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

}  // namespace guestdump::guest
