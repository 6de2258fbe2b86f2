// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guest/guest.h"
#include "target-i386/registers.h"
#include "vmcore/process/process_memory.h"

namespace guestdump::vmcore {

/// The record that guestdump-vm keeps in its memory in case it dies. [docs/post-mortem.md]
struct PostMortemRecord {
    struct Block {
        guest::GpaRange range;
        uint64_t host = 0;  ///< address in the process
        std::string name;
    };
    struct Cpu {
        target_i386::Registers registers;  ///< when last synchronised
        uint64_t live = 0;  ///< address of its format::LiveRegisters in the process, or 0
    };

    uint64_t address = 0;       ///< of the record, in the process
    uint64_t time = 0;          ///< of that synchronisation, nanoseconds since 1970
    bool running = false;       ///< the vCPUs have run since then
    std::vector<Block> blocks;  ///< by guest-physical address, disjoint
    std::vector<Cpu> cpus;
    std::optional<guest::GuestNote> note;
};

/// Finds the record without symbols: it is at the start of a segment of the core. A guest can forge
/// a record in its own memory, but a record in guest memory is ignored if the true record is also
/// present. A forger must also know where guest memory is mapped in the process.
///
/// Errors: no record; a damaged record, or one of an unknown version; several records, and their
/// guest memory does not show which one is forged.
Result<PostMortemRecord> find_record(const ProcessMemory& memory);

/// Parses the record in @bytes, which begin at @address of the process. Checks all fields for
/// consistency, but not whether the core contains what they refer to.
///
/// Errors: what is wrong, with its numbers.
Result<PostMortemRecord> parse_record(std::span<const std::byte> bytes, uint64_t address);

}  // namespace guestdump::vmcore
