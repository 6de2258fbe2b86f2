// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guest/guest.h"
#include "target-i386/registers.h"
#include "vmcore/process/process_memory.h"

namespace guestdump::vmcore {

/// What guestdump-vm leaves in its memory for the case that it dies. [docs/post-mortem.md]
struct PostMortemRecord {
    struct Block {
        guest::GpaRange range;
        uint64_t host = 0;  ///< address in the process
        std::string name;
    };
    struct Cpu {
        target_i386::Registers registers;  ///< as last synchronised
        uint64_t live = 0;  ///< address of its format::LiveRegisters in the process, or 0
    };

    uint64_t address = 0;       ///< its own, in the process
    uint64_t time = 0;          ///< of the synchronisation, nanoseconds since 1970
    bool running = false;       ///< the vCPUs have run since
    std::vector<Block> blocks;  ///< by guest-physical address, disjoint
    std::vector<Cpu> cpus;
    std::optional<guest::GuestNote> note;
};

/// Finds the record without symbols: it begins a segment of the core. A guest can write what looks
/// like one into its own memory; memory of the guest is never taken for one as long as the true
/// record is there as well, and a forger would have to know at which address of the process its
/// memory lies.
///
/// Errors: there is none; it is damaged or of a version that is not known; there are several, none
/// of which lies in memory of the other's guest.
Result<PostMortemRecord> find_record(const ProcessMemory& memory);

/// The record in @bytes, which begin at @address of the process. Everything in it is checked
/// against everything else, but whether the core has what it refers to.
///
/// Errors: what is wrong, with its numbers.
Result<PostMortemRecord> parse_record(std::span<const std::byte> bytes, uint64_t address);

}  // namespace guestdump::vmcore
