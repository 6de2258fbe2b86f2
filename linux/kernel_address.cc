// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/kernel_address.h"

namespace guestdump::linux_guest {
namespace {

/// The direct map of i386 with the usual 3 GiB of user space. [linux arch/x86/Kconfig, PAGE_OFFSET]
constexpr uint64_t kDirectMap32 = 0xc0000000;

}  // namespace

std::optional<guest::Gpa> kernel_physical(guest::Gva address, const guest::ArchDumpInfo& arch) {
    if (arch.machine != format::kEmX86_64 && arch.machine != format::kEm386) return std::nullopt;
    const bool is_64 = arch.machine == format::kEmX86_64;
    const uint64_t base = is_64 ? kKernelMap64 : kDirectMap32;
    if (address.value < base) return std::nullopt;
    // phys_base may be negative. The sum then wraps around, which gives the right result.
    return guest::Gpa{address.value - base + (is_64 ? arch.phys_base.value : 0)};
}

}  // namespace guestdump::linux_guest
