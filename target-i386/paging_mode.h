// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "guest/address.h"
#include "target-i386/registers.h"

/// How a processor reads page table entries: the shape of the tables and the meaning of each bit.
/// Any thread. [SDM 3A 4]

namespace guestdump::target_i386 {

/// What beside the control registers changes the meaning of page tables.
struct PagingTraits {
    /// MAXPHYADDR: address bits from here to 51 are reserved. Where a vCPU runs,
    /// CPUID.80000008H:EAX[7:0] tells it; a vmcore does not, and the greatest possible value is
    /// right there: RAM lies below the real width, so that an entry with one of these bits set
    /// points outside RAM and maps nothing either way.
    uint8_t physical_bits = 52;
    /// Address bits that choose an encryption key (SEV's C-bit, TDX's shared bit) and are no part
    /// of an address; none where guests are not encrypted.
    uint64_t encryption_bits = 0;
    /// CPUID.80000001H:EDX[26]; without them bit 7 of a PDPTE is reserved.
    bool gigabyte_pages = true;
    /// False while the A20 line is held low: bit 20 of every physical address reads as 0.
    bool a20 = true;
};

/// One level of a tree of tables. [SDM 3A tables 4-2, 4-7, 4-13]
struct Level {
    uint8_t shift;        ///< lowest bit of the virtual address that the level's index holds
    uint8_t index_bits;   ///< so many bits are the index
    uint8_t entry_bytes;  ///< 4 or 8
    bool may_be_page;     ///< an entry can map a page instead of naming a table
};

inline constexpr Level kTwoLevel[] = {{22, 10, 4, true}, {12, 10, 4, true}};
inline constexpr Level kPae[] = {{30, 2, 8, false}, {21, 9, 8, true}, {12, 9, 8, true}};
inline constexpr Level kFourLevel[] = {
    {39, 9, 8, false}, {30, 9, 8, true}, {21, 9, 8, true}, {12, 9, 8, true}};
inline constexpr Level kFiveLevel[] = {
    {48, 9, 8, false}, {39, 9, 8, false}, {30, 9, 8, true}, {21, 9, 8, true}, {12, 9, 8, true}};

/// What an entry says.
struct Entry {
    enum class Kind { absent, table, page };
    Kind kind = Kind::absent;
    guest::Gpa address;  ///< of the table or the page
};

/// The mode that a vCPU's registers choose.
class PagingMode {
  public:
    /// Empty while paging is off.
    static std::optional<PagingMode> of(const Registers& registers, const PagingTraits& traits);

    std::span<const Level> levels() const { return levels_; }

    /// The top table. PAE's has 4 entries and is 32-byte aligned, others fill a page. [SDM
    /// 3A 4.3, 4.4.1, 4.5.2]
    guest::Gpa root() const { return root_; }

    /// Equal for vCPUs that read the same tables in the same way.
    uint64_t identity() const;

    /// What @entry of a table of level @level (0 is the top) says. An entry that would fault
    /// because a reserved bit is set is absent.
    Entry decode(size_t level, uint64_t entry) const {
        const Meaning& meaning = meanings_[level];
        if (!(entry & kPresent)) return {};
        if (entry & meaning.is_page) {
            if (entry & meaning.reserved_in_page) return {};
            const uint64_t high = (entry & meaning.high_address) << kHighAddressShift;
            return {Entry::Kind::page, guest::Gpa{(entry & meaning.page_address) | high}};
        }
        if (entry & meaning.reserved_in_table) return {};
        return {Entry::Kind::table, guest::Gpa{entry & table_address_}};
    }

    /// Bits above the highest one that is translated repeat it. [SDM 1 3.3.7.1]
    guest::Gva canonical(uint64_t address) const;

    /// The address on the bus: without bit 20 where the A20 line is held low. [SDM 3A 21.33]
    guest::Gpa on_bus(guest::Gpa address) const {
        return traits_.a20 ? address : guest::Gpa{address.value & ~kA20};
    }
    bool a20() const { return traits_.a20; }

  private:
    PagingMode(std::span<const Level> levels, const Registers& registers,
               const PagingTraits& traits);

    static constexpr uint64_t kPresent = 1;
    static constexpr uint64_t kA20 = uint64_t{1} << 20;
    static constexpr size_t kMostLevels = std::size(kFiveLevel);
    /// A 4 MiB page's address bits from 32 on stand from bit 13 on. [SDM 3A 4.3]
    static constexpr unsigned kHighAddressShift = 32 - 13;

    /// What the bits of a level's entries mean.
    struct Meaning {
        uint64_t is_page = 0;  ///< any of these: the entry maps a page
        uint64_t page_address = 0, high_address = 0;
        uint64_t reserved_in_page = 0, reserved_in_table = 0;  ///< any of these: it faults
    };
    Meaning meaning_of(size_t level) const;

    std::span<const Level> levels_;
    PagingTraits traits_;
    bool large_pages_;  ///< two levels: CR4.PSE; else always
    bool no_execute_;   ///< EFER.NXE
    uint64_t table_address_;
    guest::Gpa root_;
    std::array<Meaning, kMostLevels> meanings_;
};

}  // namespace guestdump::target_i386
