// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/memory/userfault.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace guestdump::vm {
namespace {

constexpr char kDevice[] = "/dev/userfaultfd";
constexpr size_t kPage = 4096;

struct Feature {
    uint64_t bit;
    const char* name;
};
constexpr Feature kWriteProtection{UFFD_FEATURE_PAGEFAULT_FLAG_WP,
                                   "UFFD_FEATURE_PAGEFAULT_FLAG_WP (Linux 5.7)"};
constexpr Feature kFiles{UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
                         "UFFD_FEATURE_WP_HUGETLBFS_SHMEM (Linux 5.19), which memory of files "
                         "needs"};

uffdio_range range_of(std::span<const std::byte> range) {
    return {.start = reinterpret_cast<uint64_t>(range.data()), .len = range.size()};
}

/// Repeats a call while the kernel is changing the process's mappings.
int try_ioctl(int fd, unsigned long call, void* argument) {
    int done = 0;
    do {
        done = ioctl(fd, call, argument);
    } while (done < 0 && (errno == EAGAIN || errno == EINTR));
    return done;
}

Result<util::UniqueFd> new_userfaultfd(int device) {
    const int fd = ioctl(device, USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return Error::from_errno(errno, "creating a userfaultfd");
    return util::UniqueFd(fd);
}

/// The features that the kernel offers. UFFDIO_API can be called only once for each descriptor, so
/// this uses a descriptor of its own.
Result<uint64_t> available_features(int device) {
    const util::UniqueFd fd = TRY(new_userfaultfd(device));
    uffdio_api api{.api = UFFD_API, .features = 0, .ioctls = 0};
    if (ioctl(fd.get(), UFFDIO_API, &api) < 0)
        return Error::from_errno(errno, "asking userfaultfd for its features");
    return uint64_t{api.features};
}

Result<util::UniqueFd> open_device() {
    util::UniqueFd device(::open(kDevice, O_RDWR | O_CLOEXEC));
    if (device) return device;
    const int why = errno;
    if (why == ENOENT) {
        return Error::from_errno(
            why, "could not open '%s', which Linux has from 6.1 on with CONFIG_USERFAULTFD",
            kDevice);
    }
    return Error::from_errno(why, "could not open '%s'", kDevice);
}

/// A zero page to copy from.
alignas(kPage) constexpr std::array<std::byte, kPage> kZeros{};

}  // namespace

Result<Userfault> Userfault::open(bool files) {
    const util::UniqueFd device = TRY(open_device());
    const uint64_t available = TRY(available_features(device.get()));
    uint64_t wanted = 0;
    for (const Feature& feature : {kWriteProtection, kFiles}) {
        if (feature.bit == kFiles.bit && !files) continue;
        if (!(available & feature.bit))
            return Error::make("the host's kernel lacks %s", feature.name);
        wanted |= feature.bit;
    }
    util::UniqueFd fd = TRY(new_userfaultfd(device.get()));
    uffdio_api api{.api = UFFD_API, .features = wanted, .ioctls = 0};
    if (ioctl(fd.get(), UFFDIO_API, &api) < 0)
        return Error::from_errno(errno, "asking userfaultfd for features 0x%llx",
                                 static_cast<unsigned long long>(wanted));
    return Userfault(std::move(fd));
}

Result<> Userfault::watch(std::span<std::byte> range, bool missing) const {
    uffdio_register call{};
    call.range = range_of(range);
    call.mode = UFFDIO_REGISTER_MODE_WP;
    if (missing) call.mode |= UFFDIO_REGISTER_MODE_MISSING;
    if (try_ioctl(fd_.get(), UFFDIO_REGISTER, &call) < 0)
        return Error::from_errno(errno, "watching 0x%zx bytes", range.size());
    return {};
}

Result<> Userfault::unwatch(std::span<std::byte> range) const {
    uffdio_range call = range_of(range);
    const int done = try_ioctl(fd_.get(), UFFDIO_UNREGISTER, &call);
    const int why = errno;
    // UFFDIO_UNREGISTER wakes only accesses to memory that is watched for missing pages.
    try_ioctl(fd_.get(), UFFDIO_WAKE, &call);
    if (done < 0) return Error::from_errno(why, "no longer watching 0x%zx bytes", range.size());
    return {};
}

Result<> Userfault::set_protection(std::span<std::byte> range, uint64_t mode) const {
    uffdio_writeprotect call{.range = range_of(range), .mode = mode};
    if (try_ioctl(fd_.get(), UFFDIO_WRITEPROTECT, &call) < 0)
        return Error::from_errno(errno, "write protection of 0x%zx bytes", range.size());
    return {};
}

Result<> Userfault::protect(std::span<std::byte> range) const {
    return set_protection(range, UFFDIO_WRITEPROTECT_MODE_WP);
}

Result<> Userfault::release(std::span<std::byte> range) const {
    return set_protection(range, 0);
}

Result<> Userfault::fill(std::span<std::byte> page, bool write) const {
    uffdio_range range = range_of(page);
    int done = 0;
    if (write) {
        uffdio_copy call{};
        call.dst = range.start;
        call.src = reinterpret_cast<uint64_t>(kZeros.data());
        call.len = range.len;
        done = try_ioctl(fd_.get(), UFFDIO_COPY, &call);
    } else {
        // Maps the kernel's zero page. A later write replaces it without reporting a fault.
        uffdio_zeropage call{.range = range, .mode = 0, .zeropage = 0};
        done = try_ioctl(fd_.get(), UFFDIO_ZEROPAGE, &call);
    }
    if (done < 0 && errno == EEXIST) done = try_ioctl(fd_.get(), UFFDIO_WAKE, &range);
    if (done < 0) return Error::from_errno(errno, "populating a page of guest memory");
    return {};
}

Result<size_t> Userfault::take(std::span<MemoryFault> out) const {
    std::array<uffd_msg, 64> messages;
    const size_t most = std::min(out.size(), messages.size());
    const ssize_t got = read(fd_.get(), messages.data(), most * sizeof(uffd_msg));
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return size_t{0};
    if (got < 0) return Error::from_errno(errno, "reading faults from userfaultfd");
    size_t count = 0;
    for (size_t i = 0; i < static_cast<size_t>(got) / sizeof(uffd_msg); ++i) {
        if (messages[i].event != UFFD_EVENT_PAGEFAULT) continue;
        const auto& fault = messages[i].arg.pagefault;
        out[count++] = {.address = reinterpret_cast<std::byte*>(fault.address),
                        .missing = !(fault.flags & UFFD_PAGEFAULT_FLAG_WP),
                        .write = (fault.flags & UFFD_PAGEFAULT_FLAG_WRITE) != 0};
    }
    return count;
}

}  // namespace guestdump::vm
