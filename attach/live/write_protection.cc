// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/live/write_protection.h"

#include <dirent.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cinttypes>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

namespace guestdump::attach {
namespace {

using Descriptors = std::vector<util::UniqueFd>;

/// "7f41dffff000-7f41fffff000 rw-s ...", the line that begins a mapping. Empty for other lines.
std::optional<HostRange> parse_header(std::string_view line) {
    uint64_t start = 0, end = 0;
    const char* const stop = line.data() + line.size();
    const auto first = std::from_chars(line.data(), stop, start, 16);
    if (first.ec != std::errc{} || first.ptr == stop || *first.ptr != '-') return std::nullopt;
    const auto second = std::from_chars(first.ptr + 1, stop, end, 16);
    if (second.ec != std::errc{} || end <= start) return std::nullopt;
    return HostRange{.address = start, .size = end - start};
}

/// "VmFlags: rd wr mr mw me ac uw "
bool is_protected(std::string_view flags) {
    return flags.find(" uw ") != flags.npos || flags.ends_with(" uw");
}

bool is_userfaultfd(const Process& process, const char* descriptor) {
    std::array<char, 64> target;
    const std::string path = process.path(std::string("fd/") + descriptor);
    const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
    return size > 0 &&
           std::string_view(target.data(), static_cast<size_t>(size)) == "anon_inode:[userfaultfd]";
}

/// Copies of the userfaultfds of @process.
Result<Descriptors> userfaultfds(const Process& process) {
    const std::string folder = process.path("fd");
    const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir(folder.c_str()), ::closedir);
    if (!list) return Error::from_errno(errno, "cannot open '%s'", folder.c_str());
    Descriptors found;
    while (const dirent* entry = ::readdir(list.get())) {
        if (!is_userfaultfd(process, entry->d_name)) continue;
        const int number = std::atoi(entry->d_name);
        util::UniqueFd copy(
            static_cast<int>(::syscall(SYS_pidfd_getfd, process.pidfd(), number, 0)));
        if (!copy) {
            return Error::from_errno(errno, "cannot take descriptor %d of process %d", number,
                                     static_cast<int>(process.pid()));
        }
        found.push_back(std::move(copy));
    }
    return found;
}

/// Takes @range out of the userfaultfd that it is registered with.
Result<> unregister(const Descriptors& descriptors, uffdio_range range) {
    int why = ENOENT;
    for (const util::UniqueFd& descriptor : descriptors) {
        if (::ioctl(descriptor.get(), UFFDIO_UNREGISTER, &range) == 0) return {};
        why = errno;
    }
    return Error::from_errno(why, "releasing writes to 0x%" PRIx64 " bytes at 0x%" PRIx64,
                             uint64_t{range.len}, uint64_t{range.start});
}

/// Wakes the threads that wait for a write to @range. The kernel itself wakes only those that wait
/// for missing pages.
///
/// A thread waits in the queue of one userfaultfd, which need not be the one that let @range be
/// unregistered: before Linux 6.17 every userfaultfd of the process does that, and QEMU 7.2 keeps
/// one of each broken snapshot. So all queues are woken; a spurious wake-up does no harm. [linux
/// fs/userfaultfd.c, userfaultfd_unregister; qemu migration/ram.c, ram_write_tracking_start]
Result<> wake(const Descriptors& descriptors, uffdio_range range) {
    int why = ENOENT;
    bool done = false;
    for (const util::UniqueFd& descriptor : descriptors) {
        if (::ioctl(descriptor.get(), UFFDIO_WAKE, &range) == 0) {
            done = true;
        } else {
            why = errno;
        }
    }
    if (done) return {};
    return Error::from_errno(why, "waking threads that write to 0x%" PRIx64, uint64_t{range.start});
}

Result<> release(const Descriptors& descriptors, HostRange range) {
    const uffdio_range wanted{.start = range.address, .len = range.size};
    Result<> done = unregister(descriptors, wanted);
    // Threads may wait for a range that is registered no longer.
    Result<> woken = wake(descriptors, wanted);
    return done ? std::move(woken) : std::move(done);
}

}  // namespace

Result<std::vector<HostRange>> parse_protected(std::string_view smaps) {
    constexpr std::string_view kFlags = "VmFlags:";
    std::vector<HostRange> found;
    std::optional<HostRange> mapping;
    while (!smaps.empty()) {
        const std::string_view line = smaps.substr(0, smaps.find('\n'));
        smaps.remove_prefix(std::min(line.size() + 1, smaps.size()));
        if (const auto header = parse_header(line)) mapping = header;
        if (!line.starts_with(kFlags) || !is_protected(line)) continue;
        if (!mapping) {
            return Error::make("a line of /proc/PID/smaps belongs to no mapping: '%s'",
                               std::string(line).c_str());
        }
        found.push_back(*mapping);
    }
    return found;
}

Result<> release_writes(const Process& process, const std::vector<HostRange>& ranges) {
    const Descriptors descriptors = TRY(userfaultfds(process));
    Result<> first;
    for (const HostRange& range : ranges) {
        Result<> done = release(descriptors, range);
        if (first && !done) first = std::move(done);
    }
    return first;
}

Result<size_t> lift_write_protection(const Process& process) {
    const std::string smaps = TRY(process.text("smaps"));
    const std::vector<HostRange> ranges = TRY(parse_protected(smaps));
    if (ranges.empty()) return size_t{0};
    TRY(release_writes(process, ranges));
    return ranges.size();
}

}  // namespace guestdump::attach
