// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "tests/support/bytes.h"

namespace guestdump::vmcore {

using support::Bytes;

/// A range of a VirtualBox core; MMIO if it has no contents.
struct SmallRange {
    uint64_t start = 0;
    Bytes contents{};
    uint64_t mmio_size = 0;
};

/// A small VirtualBox core in VirtualBox's layout, built by literal offsets.
struct SmallVbox {
    uint32_t format = 0x00010006;
    uint32_t magic = 0xc01ac0de;
    uint32_t vbox_version = 0x07000008;
    uint32_t claimed_cpus = 1;
    std::vector<Bytes> cpus{};  ///< descriptors
    std::vector<SmallRange> ranges{};
    Bytes more_notes{};
    uint8_t ident_version = 0;  ///< 0, because VirtualBox does not set it

    Bytes file() const;
};

/// The descriptor, @size bytes, of a vCPU in long mode with RIP @rip: 8768 bytes before format
/// 0x00010006, then 8776 or 8784.
Bytes vbox_cpu(uint64_t rip, size_t size = 8776);

}  // namespace guestdump::vmcore
