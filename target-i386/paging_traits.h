// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

namespace guestdump::target_i386 {

/// Processor properties, besides the control registers, that affect page-table decoding.
struct PagingTraits {
    /// MAXPHYADDR: address bits from here to 51 are reserved. A running vCPU has it in
    /// CPUID.80000008H:EAX[7:0]. A vmcore does not contain it, but the greatest possible value is
    /// correct for one: RAM lies below the real width, so an entry with one of these bits set
    /// points outside RAM and maps nothing either way.
    uint8_t physical_bits = 52;
    /// Address bits that choose an encryption key (SEV's C-bit, TDX's shared bit) and are not part
    /// of an address; none if guests are not encrypted.
    uint64_t encryption_bits = 0;
    /// CPUID.80000001H:EDX[26]. If false, bit 7 of a PDPTE is reserved.
    bool gigabyte_pages = true;
    /// False while the A20 line is held low: bit 20 of every physical address reads as 0.
    bool a20 = true;
};

}  // namespace guestdump::target_i386
