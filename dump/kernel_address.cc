// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kernel_address.h"

namespace dump {
namespace {

/// The direct map of i386 with the usual 3 GiB of user space. [linux arch/x86/Kconfig, PAGE_OFFSET]
constexpr uint64_t kDirectMap32 = 0xc0000000;

}  // namespace

std::optional<Gpa> kernel_physical(Gva address, const ArchDumpInfo& arch) {
    const bool is_64 = arch.machine == kEmX86_64;
    const uint64_t base = is_64 ? kKernelMap64 : kDirectMap32;
    if (address.value < base) return std::nullopt;
    // phys_base may be negative: sums of addresses wrap around, and are right.
    return Gpa{address.value - base + (is_64 ? arch.phys_base.value : 0)};
}

}  // namespace dump
