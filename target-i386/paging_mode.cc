// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/paging_mode.h"

#include <algorithm>

namespace target_i386 {
namespace {

using dump::Gpa;
using dump::Gva;

constexpr uint64_t kPresent = uint64_t{1} << 0;
constexpr uint64_t kPageSize = uint64_t{1} << 7;    ///< PS: the entry maps a page
constexpr uint64_t kNoExecute = uint64_t{1} << 63;  ///< XD
constexpr uint64_t kA20 = uint64_t{1} << 20;
constexpr unsigned kPageShift = 12;
constexpr unsigned kLargestPhysicalBits = 52;
constexpr unsigned kLargestPse36Bits = 40;  ///< [SDM 3A 4.3]
constexpr unsigned kPse36Shift = 13;  ///< where bits 32 and up of a 4 MiB page's address stand

/// Bits @from to @to, both included; none where @from is greater.
constexpr uint64_t bits(unsigned from, unsigned to) {
    return from > to ? 0 : (~uint64_t{0} >> (63 - to)) & (~uint64_t{0} << from);
}

/// What a PDPTE of PAE must not have, beside high bits. [SDM 3A table 4-8]
constexpr uint64_t kPaePointerReserved = bits(1, 2) | bits(5, 8);

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

/// Reserved in every 8-byte entry: addresses that the processor does not have, NX where it is off,
/// and in PAE all that lies between. [SDM 3A 4.4.2, 4.5.4]
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

PagingMode::PagingMode(std::span<const Level> levels, const Registers& registers,
                       const PagingTraits& traits)
    : levels_(levels),
      traits_(traits),
      large_pages_(!is_two_level(levels) || (registers.cr4 & kCr4Pse)),
      no_execute_(registers.efer & kEferNoExecute) {
    traits_.physical_bits = std::clamp<uint8_t>(traits.physical_bits, 32, kLargestPhysicalBits);
    address_mask_ = bits(kPageShift, traits_.physical_bits - 1u) & ~traits_.encryption_bits;
    for (size_t level = 0; level < levels_.size(); ++level) {
        reserved_[level] = {.table = reserved_in_table(level), .page = reserved_in_page(level)};
    }
    root_ = Gpa{registers.cr3 & root_mask(levels_) & (address_mask_ | bits(0, kPageShift - 1))};
}

uint64_t PagingMode::identity() const {
    return levels_.size() << 2 | uint64_t{large_pages_} << 1 | uint64_t{no_execute_};
}

uint64_t PagingMode::reserved_in_table(size_t level) const {
    uint64_t reserved = reserved_high_bits(levels_, traits_, no_execute_);
    if (is_pae(levels_) && level == 0) return reserved | kNoExecute | kPaePointerReserved;
    if (is_legacy(levels_)) return reserved;
    const bool gigabyte_level = levels_[level].shift == 30;
    const bool may_be_page =
        levels_[level].may_be_page && (!gigabyte_level || traits_.gigabyte_pages);
    return may_be_page ? reserved : reserved | kPageSize;
}

uint64_t PagingMode::reserved_in_page(size_t level) const {
    const uint64_t reserved = reserved_high_bits(levels_, traits_, no_execute_);
    if (level + 1 == levels_.size()) return reserved;
    if (is_two_level(levels_)) {
        const unsigned width = std::min<unsigned>(traits_.physical_bits, kLargestPse36Bits);
        return bits(kPse36Shift + width - 32, levels_[level].shift - 1u);  // [SDM 3A table 4-4]
    }
    // Bit 12 is PAT; below the page's alignment there is no address. [SDM 3A tables 4-9, 4-16,
    // 4-18]
    return reserved | bits(kPageShift + 1, levels_[level].shift - 1u);
}

bool PagingMode::is_page(size_t level, uint64_t entry) const {
    if (level + 1 == levels_.size()) return true;
    if (!levels_[level].may_be_page || !large_pages_ || !(entry & kPageSize)) return false;
    return levels_[level].shift != 30 || traits_.gigabyte_pages;
}

uint64_t PagingMode::page_address(size_t level, uint64_t entry) const {
    const uint64_t address = entry & address_mask_ & (~uint64_t{0} << levels_[level].shift);
    if (!is_two_level(levels_) || level + 1 == levels_.size()) return address;
    return address | (entry & bits(kPse36Shift, 20)) << (32 - kPse36Shift);
}

Entry PagingMode::decode(size_t level, uint64_t entry) const {
    if (!(entry & kPresent)) return {};
    if (is_page(level, entry)) {
        if (entry & reserved_[level].page) return {};
        return {Entry::Kind::page, Gpa{page_address(level, entry)}};
    }
    if (entry & reserved_[level].table) return {};
    return {Entry::Kind::table, Gpa{entry & address_mask_}};
}

Gva PagingMode::canonical(uint64_t address) const {
    if (is_legacy(levels_)) return Gva{address};
    const unsigned top = levels_[0].shift + levels_[0].index_bits - 1u;
    const bool upper = address >> top & 1;
    return Gva{upper ? address | bits(top, 63) : address};
}

Gpa PagingMode::on_bus(Gpa address) const {
    return traits_.a20 ? address : Gpa{address.value & ~kA20};
}

}  // namespace target_i386
