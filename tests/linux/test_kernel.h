// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "guest/guest.h"
#include "linux/vmcoreinfo.h"
#include "target-i386/registers.h"
#include "tests/target-i386/test_memory.h"

namespace guestdump::linux_guest {

/// A guest whose memory a test lays out, with the page tables of a 64-bit kernel. The tables use
/// pages from kTables on, beginning with the top table.
class TestKernel {
  public:
    static constexpr uint64_t kImage = 0xffffffff80000000;  ///< mapped onto phys_base
    static constexpr uint64_t kTables = 0x100000;
    static constexpr uint64_t kTablesEnd = 0x180000;

    /// Makes page tables of @levels levels, 4 or 5. Nothing is mapped yet, and the only memory is
    /// that for tables.
    explicit TestKernel(unsigned levels = 4);

    /// Maps one page of @size bytes: 4 KiB, 2 MiB or 1 GiB.
    void map(uint64_t virt, uint64_t phys, uint64_t size = 0x1000);
    /// Maps [@virt, @virt + @bytes) with pages of 4 KiB.
    void map_range(uint64_t virt, uint64_t phys, uint64_t bytes);
    /// Clears the entry that maps @virt.
    void unmap(uint64_t virt);

    /// Adds a line "KEY=VALUE" to VMCOREINFO.
    void tell(const std::string& line) { lines_ += line + "\n"; }

    /// Replaces the first @what in the lines, which must contain it, by @with.
    void change(const std::string& what, const std::string& with);

    /// A vCPU in 64-bit kernel mode that uses the kernel's tables.
    target_i386::Registers registers() const;

    target_i386::TestMemory& memory() { return memory_; }
    const target_i386::TestMemory& memory() const { return memory_; }
    Vmcoreinfo vmcoreinfo() const { return Vmcoreinfo(lines_); }
    const std::string& lines() const { return lines_; }

  private:
    uint64_t entry_of(uint64_t virt, unsigned last_shift);

    target_i386::TestMemory memory_;
    std::string lines_;
    unsigned levels_;
    uint64_t next_table_ = kTables + 0x1000;
};

}  // namespace guestdump::linux_guest
