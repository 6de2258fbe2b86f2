// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/paging_mode.h"

#include <algorithm>

namespace guestdump::target_i386 {
namespace {

using guest::Gpa;
using guest::Gva;

constexpr uint64_t kPageSize = uint64_t{1} << 7;    ///< PS: the entry maps a page
constexpr uint64_t kNoExecute = uint64_t{1} << 63;  ///< XD
constexpr unsigned kPageShift = 12;
constexpr unsigned kLargestPhysicalBits = 52;
constexpr unsigned kLargestPse36Bits = 40;  ///< [SDM 3A 4.3]

/// Bits @from to @to, inclusive; none if @from is greater.
constexpr uint64_t bits(unsigned from, unsigned to) {
    return from > to ? 0 : (~uint64_t{0} >> (63 - to)) & (~uint64_t{0} << from);
}

/// Bits that are reserved in a PDPTE of PAE in addition to high bits. [SDM 3A table 4-8] Bit 5 is
/// reserved too, but QEMU's software processor sets it: elsewhere it is the accessed bit.
constexpr uint64_t kPaePointerReserved = bits(1, 2) | bits(6, 8);

std::span<const Level> levels_for(const Registers& registers) {
    if (!(registers.cr4 & kCr4Pae)) return kTwoLevel;
    if (!(registers.efer & kEferLongModeActive)) return kPae;
    if (!(registers.cr4 & kCr4La57)) return kFourLevel;
    return kFiveLevel;
}

bool is_legacy(std::span<const Level> levels) {
    return levels.size() < std::size(kFourLevel);
}
bool is_pae(std::span<const Level> levels) {
    return levels.size() == std::size(kPae);
}
bool is_two_level(std::span<const Level> levels) {
    return levels.size() == std::size(kTwoLevel);
}

uint64_t root_mask(std::span<const Level> levels) {
    if (is_two_level(levels)) return bits(12, 31);
    if (is_pae(levels)) return bits(5, 31);
    return bits(12, 51);
}

/// Reserved in every 8-byte entry: address bits that the processor does not have, NX if it is off,
/// and in PAE all bits between them. [SDM 3A 4.4.2, 4.5.4]
uint64_t reserved_high_bits(std::span<const Level> levels, const PagingTraits& traits,
                            bool no_execute) {
    if (is_two_level(levels)) return 0;
    uint64_t reserved = bits(traits.physical_bits, kLargestPhysicalBits - 1);
    if (is_legacy(levels)) reserved |= bits(kLargestPhysicalBits, 62);
    if (!no_execute) reserved |= kNoExecute;
    return reserved & ~traits.encryption_bits;
}

}  // namespace

std::optional<PagingMode> PagingMode::of(const Registers& registers, const PagingTraits& traits) {
    if (!(registers.cr0 & kCr0Paging)) return std::nullopt;
    return PagingMode(levels_for(registers), registers, traits);
}

std::optional<PagingMode> PagingMode::of(const guest::PageTables& tables) {
    if (tables.levels < std::size(kTwoLevel) || tables.levels > std::size(kFiveLevel)) {
        return std::nullopt;
    }
    Registers registers;
    registers.cr0 = kCr0Paging | kCr0ProtectedMode;
    registers.cr3 = tables.root.value;
    registers.cr4 = kCr4Pse;
    registers.efer = kEferNoExecute;
    if (tables.levels >= std::size(kPae)) registers.cr4 |= kCr4Pae;
    if (tables.levels >= std::size(kFourLevel)) registers.efer |= kEferLongModeActive;
    if (tables.levels >= std::size(kFiveLevel)) registers.cr4 |= kCr4La57;
    return of(registers, {.encryption_bits = tables.encryption_bits});
}

PagingMode::PagingMode(std::span<const Level> levels, const Registers& registers,
                       const PagingTraits& traits)
    : levels_(levels),
      traits_(traits),
      large_pages_(!is_two_level(levels) || (registers.cr4 & kCr4Pse)),
      no_execute_(registers.efer & kEferNoExecute) {
    traits_.physical_bits = std::clamp<uint8_t>(traits.physical_bits, 32, kLargestPhysicalBits);
    table_address_ = bits(kPageShift, traits_.physical_bits - 1u) & ~traits_.encryption_bits;
    // The 32 bytes of PAE's top table may begin within a page.
    root_ = Gpa{registers.cr3 & root_mask(levels_) & (table_address_ | bits(0, kPageShift - 1))};
    for (size_t level = 0; level < levels_.size(); ++level) meanings_[level] = meaning_of(level);
}

uint64_t PagingMode::identity() const {
    return levels_.size() << 2 | uint64_t{large_pages_} << 1 | uint64_t{no_execute_};
}

PagingMode::Meaning PagingMode::meaning_of(size_t level) const {
    const unsigned shift = levels_[level].shift;
    const uint64_t reserved = reserved_high_bits(levels_, traits_, no_execute_);
    Meaning meaning{.page_address = table_address_ & ~bits(0, shift - 1),
                    .reserved_in_page = reserved,
                    .reserved_in_table = reserved};
    if (level + 1 == levels_.size()) {
        meaning.is_page = kPresent;
    } else if (is_pae(levels_) && level == 0) {
        meaning.reserved_in_table |= kNoExecute | kPaePointerReserved;
    } else if (is_two_level(levels_)) {
        const unsigned width = std::min<unsigned>(traits_.physical_bits, kLargestPse36Bits);
        meaning.is_page = large_pages_ ? kPageSize : 0;
        meaning.high_address = bits(13, 20);
        meaning.reserved_in_page = bits(13 + width - 32, shift - 1);  // [SDM 3A table 4-4]
    } else if (levels_[level].may_be_page && (shift < 30 || traits_.gigabyte_pages)) {
        meaning.is_page = kPageSize;
        // Bit 12 is PAT; other bits below the page's alignment are reserved. [SDM 3A tables 4-9,
        // 4-16]
        meaning.reserved_in_page |= bits(kPageShift + 1, shift - 1);
    } else {
        meaning.reserved_in_table |= kPageSize;
    }
    return meaning;
}

Gva PagingMode::canonical(uint64_t address) const {
    if (is_legacy(levels_)) return Gva{address};
    const unsigned top = levels_[0].shift + levels_[0].index_bits - 1u;
    const bool upper = address >> top & 1;
    return Gva{upper ? address | bits(top, 63) : address};
}

}  // namespace guestdump::target_i386
