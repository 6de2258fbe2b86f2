// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>

#include "tests/target-i386/test_memory.h"

namespace guestdump::target_i386 {

/// A second implementation of what a processor does with page tables, which shares no line with the
/// walker: entry by entry from the manual's figures, granule by granule into a dictionary. [SDM 3A
/// 4.3, 4.4, 4.5]
class NaiveWalker {
  public:
    enum class Mode { two_level, pae, four_level, five_level };

    /// Mappings are recorded in pieces of this many bytes: memory in tests begins and ends at
    /// multiples of it.
    static constexpr uint64_t kGranule = 1024;

    Mode mode = Mode::four_level;
    uint64_t cr3 = 0;
    bool pse = true, nxe = true, a20 = true, gigabyte_pages = true;
    unsigned width = 52;  ///< MAXPHYADDR
    uint64_t encryption = 0;

    /// Virtual to physical address of each granule that is mapped onto @memory.
    std::map<uint64_t, uint64_t> walk(const TestMemory& memory);

  private:
    void two_level();
    void pae();
    void long_mode(int level, uint64_t table, uint64_t virt);
    bool long_entry_is_reserved(int level, uint64_t entry) const;
    void page_directory(uint64_t table, uint64_t virt, bool is_pae);
    void page_table(uint64_t table, uint64_t virt, bool is_pae);
    void map(uint64_t virt, uint64_t phys, uint64_t size);
    uint64_t read(uint64_t table, unsigned index, unsigned bytes) const;
    uint64_t reserved_high(bool is_pae) const;
    uint64_t address(uint64_t entry, unsigned low) const;

    const TestMemory* memory_ = nullptr;
    std::map<uint64_t, uint64_t> result_;
};

}  // namespace guestdump::target_i386
