// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "guest/architecture.h"
#include "target-i386/paging_traits.h"
#include "target-i386/registers.h"

/// How a processor reads page table entries: the shape of the tables and the meaning of each bit.
/// Any thread. [SDM 3A 4]

namespace guestdump::target_i386 {

/// One level of a tree of tables. [SDM 3A tables 4-2, 4-7, 4-13]
struct Level {
    uint8_t shift;        ///< lowest bit of the level's index in the virtual address
    uint8_t index_bits;   ///< number of bits in the index
    uint8_t entry_bytes;  ///< 4 or 8
    bool may_be_page;     ///< an entry can map a page instead of naming a table
};

inline constexpr Level kTwoLevel[] = {{22, 10, 4, true}, {12, 10, 4, true}};
inline constexpr Level kPae[] = {{30, 2, 8, false}, {21, 9, 8, true}, {12, 9, 8, true}};
inline constexpr Level kFourLevel[] = {
    {39, 9, 8, false}, {30, 9, 8, true}, {21, 9, 8, true}, {12, 9, 8, true}};
inline constexpr Level kFiveLevel[] = {
    {48, 9, 8, false}, {39, 9, 8, false}, {30, 9, 8, true}, {21, 9, 8, true}, {12, 9, 8, true}};

/// The meaning of an entry.
struct Entry {
    enum class Kind { absent, table, page };
    Kind kind = Kind::absent;
    guest::Gpa address;  ///< of the table or the page
};

/// The paging mode that a vCPU's registers select.
class PagingMode {
  public:
    /// Empty while paging is off.
    static std::optional<PagingMode> of(const Registers& registers, const PagingTraits& traits);

    /// The mode of @tables, with all features that only add meaning: large pages, no-execute. Empty
    /// unless there are 2 to 5 levels.
    static std::optional<PagingMode> of(const guest::PageTables& tables);

    std::span<const Level> levels() const { return levels_; }

    /// The top table. PAE's has 4 entries and is 32-byte aligned, others fill a page. [SDM
    /// 3A 4.3, 4.4.1, 4.5.2]
    guest::Gpa root() const { return root_; }

    /// The same tables, without what a vCPU's model adds to their meaning.
    guest::PageTables tables() const {
        return {root_, static_cast<uint8_t>(levels_.size()), traits_.encryption_bits};
    }

    /// Equal for vCPUs that read the same tables in the same way.
    uint64_t identity() const;

    /// Decodes @entry of a table of level @level (0 is the top). An entry that would fault because
    /// a reserved bit is set is absent.
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

    /// Copies the highest translated bit to the bits above it. [SDM 1 3.3.7.1]
    guest::Gva canonical(uint64_t address) const;

    /// The address on the bus: without bit 20 if the A20 line is held low. [SDM 3A 21.33]
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
    /// Bit 32 of a 4 MiB page's address is in bit 13 of the entry, and so on. [SDM 3A 4.3]
    static constexpr unsigned kHighAddressShift = 32 - 13;

    /// Masks of the bits in a level's entries.
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
