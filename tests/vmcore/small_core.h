// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "tests/vmcore/small_files.h"

/// A core of guestdump-vm with a record, built by the literal offsets of docs/post-mortem.md.

namespace guestdump::vmcore {

struct SmallBlock {
    uint64_t gpa = 0, size = 0, host = 0;
    uint32_t kind = 0;
    std::string name = "pc.ram";
};

struct SmallRecord {
    uint64_t address = 0x7f0000000000;
    std::vector<SmallBlock> blocks{};
    uint32_t cpus = 1;
    std::vector<uint64_t> live{};  ///< of each vCPU; empty: 0
    Bytes note{};
    bool running = false;

    /// Two copies: one of sequence 6, with RIP 0x6000 plus the vCPU's number, and one of sequence
    /// 7, with RIP 0x7000 plus that number.
    Bytes bytes() const;

    static constexpr uint64_t kBlocks = 88, kCopies = 4096, kCopySize = 8192;
    static constexpr uint64_t kLength = kCopies + 2 * kCopySize;
};

/// Computes the checksums of a record whose bytes have been changed.
void mend_header(Bytes& record, uint64_t block_count);
void mend_copy(Bytes& record, unsigned number);

/// KVM's 424 bytes for a vCPU in 64-bit mode with RIP @rip.
Bytes live_registers(uint64_t rip);

/// A segment of a process's core.
struct SmallMapping {
    uint64_t address = 0;
    Bytes contents{};
    uint64_t memsz = 0;  ///< 0: the size of the contents
};

/// The core of a process, according to its notes, with @mappings.
Bytes core_file(const std::vector<SmallMapping>& mappings);

/// A complete core: 0x3000 bytes of noise(5) as guest memory at 0 and 0x100000, and one vCPU with
/// live registers whose RIP is 0x9000.
Bytes small_core();

}  // namespace guestdump::vmcore
