// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/ioctl.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "util/result.h"

namespace guestdump::vm {

/// Asks KVM. @what completes "kvm: ..." in the Error; returns what the ioctl returned, 0 or more.
template <class Argument>
util::Result<int> kvm_ioctl(int fd, unsigned long request, Argument argument, const char* what) {
    const int returned = ioctl(fd, request, argument);
    if (returned < 0) return util::Error::from_errno(errno, "kvm: %s", what);
    return returned;
}

/// How KVM's structs of variable length begin, and the size that their requests' numbers carry.
/// (<linux/kvm.h> computes those numbers from the structs themselves, and so wrongly for C++: there
/// the headers of Linux 6.1 make the flexible array's empty companion a byte long.)
struct KvmListHead {
    uint32_t count;
    uint32_t padding;
};

/// Such a struct with room for entries.
template <class Entry, uint32_t kRoom>
struct KvmList {
    uint32_t count = kRoom;
    uint32_t padding = 0;
    std::array<Entry, kRoom> entries{};
};

}  // namespace guestdump::vm
