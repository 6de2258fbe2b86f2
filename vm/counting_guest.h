// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>

#include "target-i386/registers.h"

/// Addresses in the counting guest: KVM runs tests/guests/counter.S, and the synthetic accelerator
/// behaves as if it ran it. tests/guests/README.md describes it.

namespace guestdump::vm::counting_guest {

/// Guest-physical address of the image, which begins with its entry point and the descriptor
/// tables.
inline constexpr uint64_t kImage = 0x100000;
inline constexpr uint64_t kGdt = kImage + 0x7c0;
inline constexpr uint32_t kGdtLimit = 3 * 8 - 1;

/// Page tables, one page each: 4 levels that map the first 4 MiB of guest-physical memory twice, at
/// virtual 0 and at kVirtualBase.
inline constexpr uint64_t kPml4 = kImage + 0x1000;
inline constexpr uint64_t kPdpt = kImage + 0x2000;
inline constexpr uint64_t kPageDirectory = kImage + 0x3000;
inline constexpr uint64_t kVirtualBase = 0xffff800000000000;

/// The counter of the vCPU with APIC id N is the 64-bit word at guest-physical kCounters +
/// kCounterStride * N; RDI holds its virtual address.
inline constexpr uint64_t kCounters = 0x200000;
inline constexpr uint64_t kCounterStride = 64;

// The loop: INC RBX; MOV [RDI], RBX; JMP back to INC.
inline constexpr uint64_t kIncrement = kVirtualBase + kImage + 0x800;
inline constexpr uint64_t kStore = kIncrement + 3;
inline constexpr uint64_t kJump = kStore + 3;

/// The value that the counter in memory must have for a vCPU with these registers. Empty if the
/// vCPU is not in the loop yet.
inline std::optional<uint64_t> counter_of(const target_i386::Registers& registers) {
    if (registers.rip == kStore) return registers.rbx - 1;
    if (registers.rip == kIncrement || registers.rip == kJump) return registers.rbx;
    return std::nullopt;
}

}  // namespace guestdump::vm::counting_guest
