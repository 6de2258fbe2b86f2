// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/ioctl.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "util/result.h"

namespace guestdump::vm {

/// Calls KVM and returns the ioctl's result, 0 or more. @what completes "kvm: ..." in the Error.
template <class Argument>
util::Result<int> kvm_ioctl(int fd, unsigned long request, Argument argument, const char* what) {
    const int returned = ioctl(fd, request, argument);
    if (returned < 0) return util::Error::from_errno(errno, "kvm: %s", what);
    return returned;
}

/// The beginning of KVM's structs of variable length. Request numbers contain its size.
/// (<linux/kvm.h> computes those numbers from the structs themselves, which is wrong in C++: with
/// the headers of Linux 6.1 the empty member before the flexible array is a byte long.)
struct KvmListHead {
    uint32_t count;
    uint32_t padding;
};

/// A struct of variable length with room for kCount entries.
template <class Entry, uint32_t kRoom>
struct KvmList {
    uint32_t count = kRoom;
    uint32_t padding = 0;
    std::array<Entry, kRoom> entries{};
};

}  // namespace guestdump::vm
