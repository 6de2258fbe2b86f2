// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/linux/test_kernel.h"

#include <bit>

#include "tests/support/libcheck.h"
#include "tests/target-i386/page_tables.h"

namespace guestdump::linux_guest {

using target_i386::kPs;
using target_i386::kUser;

TestKernel::TestKernel(unsigned levels) : levels_(levels) {
    memory_.add(kTables, kTablesEnd - kTables);
}

/// Address of the entry for @virt in the table whose entries map 1 << @last_shift bytes. Makes the
/// tables above it.
uint64_t TestKernel::entry_of(uint64_t virt, unsigned last_shift) {
    uint64_t table = kTables;
    for (unsigned shift = 12 + 9 * (levels_ - 1);; shift -= 9) {
        const uint64_t entry = table + 8 * (virt >> shift & 511);
        if (shift == last_shift) return entry;
        if (memory_.get(entry, 8) == 0) {
            if (next_table_ >= kTablesEnd) ck_abort_msg("the test needs more tables");
            memory_.put64(entry, next_table_ | kUser);
            next_table_ += 0x1000;
        }
        table = memory_.get(entry, 8) & ~uint64_t{0xfff};
    }
}

void TestKernel::map(uint64_t virt, uint64_t phys, uint64_t size) {
    const auto shift = static_cast<unsigned>(std::countr_zero(size));
    memory_.put64(entry_of(virt, shift), phys | kUser | (shift > 12 ? kPs : 0));
}

void TestKernel::map_range(uint64_t virt, uint64_t phys, uint64_t bytes) {
    for (uint64_t at = 0; at < bytes; at += 0x1000) map(virt + at, phys + at);
}

void TestKernel::unmap(uint64_t virt) {
    memory_.put64(entry_of(virt, 12), 0);
}

void TestKernel::change(const std::string& what, const std::string& with) {
    const size_t at = lines_.find(what);
    if (at == lines_.npos) ck_abort_msg("there is no '%s' to change", what.c_str());
    lines_.replace(at, what.size(), with);
}

target_i386::Registers TestKernel::registers() const {
    return target_i386::long_mode_registers(kTables, levels_ == 5 ? target_i386::kCr4La57 : 0);
}

}  // namespace guestdump::linux_guest
