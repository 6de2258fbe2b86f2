// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "attach/hold_pipe.h"
#include "guest/address.h"

namespace guestdump::attach {

/// A PT_LOAD of QEMU's dump: a range of guest-physical memory, and its offset in the file that
/// QEMU would write.
struct CoreLoad {
    guest::GpaRange range;
    uint64_t offset = 0;  ///< offset in the file, bytes

    uint64_t end() const { return offset + range.size; }
};

/// The part of QEMU's dump before guest memory: ELF header, program headers and notes.
struct CoreHead {
    std::vector<std::byte> bytes;
    std::vector<CoreLoad> loads;  ///< disjoint, after the head, ordered by offset
};

/// Reads the head of QEMU's ELF dump from @pipe, and nothing after it. @interrupt: as in
/// HoldPipe::read().
///
/// Errors: those of HoldPipe::read(); the data is not the head of an x86 core file; the head is
/// larger than 128 MiB; a PT_LOAD lies in the head, overlaps another one, or has a physical
/// address that x86 does not have.
Result<CoreHead> read_head(const HoldPipe& pipe, int interrupt);

}  // namespace guestdump::attach
