// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "tests/linux/small_linux.h"
#include "util/cancellation.h"
#include "view/guest_look.h"

namespace guestdump::view {

/// Guest-physical address of SmallLinux::kBase in small_moment().
inline constexpr uint64_t kSmallPhysical = 0x200000;

/// A guest that runs @linux: two vCPUs, page tables, and VMCOREINFO in a note. vCPU 0 is CPU 0 in
/// an interrupt, vCPU 1 is CPU 1 in user mode.
GuestMoment small_moment(const linux_guest::SmallLinux& small);

/// A GuestLook into small_moment().
struct SmallLook {
    explicit SmallLook(const linux_guest::SmallLinux& small,
                       std::chrono::milliseconds limit = std::chrono::seconds(1000));

    linux_guest::GuestKernel& kernel() { return look->kernel(); }

    util::Cancellation never;
    std::unique_ptr<GuestLook> look;
};

}  // namespace guestdump::view
