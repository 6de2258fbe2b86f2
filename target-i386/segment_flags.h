// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

namespace guestdump::target_i386 {

/// Segment attributes. KVM has a field for each, SegmentRegister::flags the high word of a
/// descriptor. [SDM 3A 3.4.5]
struct SegmentAttributes {
    uint8_t type = 0, s = 0, dpl = 0, present = 0, avl = 0, l = 0, db = 0, g = 0;

    bool operator==(const SegmentAttributes&) const = default;
};

uint32_t segment_flags(const SegmentAttributes& attributes);
SegmentAttributes segment_attributes(uint32_t flags);

}  // namespace guestdump::target_i386
