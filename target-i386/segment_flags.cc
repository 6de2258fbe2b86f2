// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/segment_flags.h"

namespace guestdump::target_i386 {
namespace {

/// The positions of the attributes in the high word of a descriptor. [SDM 3A 3.4.5]
enum Shift : uint32_t {
    kType = 8,
    kSystem = 12,
    kPrivilege = 13,
    kPresent = 15,
    kAvailable = 20,
    kLong = 21,
    kDefaultBig = 22,
    kGranularity = 23,
};

}  // namespace

uint32_t segment_flags(const SegmentAttributes& a) {
    return uint32_t{a.type} << kType | uint32_t{a.s} << kSystem | uint32_t{a.dpl} << kPrivilege |
           uint32_t{a.present} << kPresent | uint32_t{a.avl} << kAvailable |
           uint32_t{a.l} << kLong | uint32_t{a.db} << kDefaultBig | uint32_t{a.g} << kGranularity;
}

SegmentAttributes segment_attributes(uint32_t flags) {
    const auto field = [flags](Shift shift, uint32_t mask) {
        return static_cast<uint8_t>(flags >> shift & mask);
    };
    return {.type = field(kType, 15),
            .s = field(kSystem, 1),
            .dpl = field(kPrivilege, 3),
            .present = field(kPresent, 1),
            .avl = field(kAvailable, 1),
            .l = field(kLong, 1),
            .db = field(kDefaultBig, 1),
            .g = field(kGranularity, 1)};
}

}  // namespace guestdump::target_i386
