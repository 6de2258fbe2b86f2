// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dump/guest.h"
#include "dump/request.h"
#include "dump/vmcoreinfo.h"

namespace dump {

/// Everything about a stopped guest except page contents. Immutable; any thread.
struct Snapshot {
    ArchDumpInfo arch;  ///< phys_base already corrected by VMCOREINFO where there is one
    uint32_t cpu_count = 0;
    GuestPhysBlockList memory;     ///< all of the guest's
    GuestPhysBlockList blocks;     ///< what the request's range leaves
    MemoryMappings mappings;       ///< one program header each; the simple mapping without paging
    std::vector<std::byte> notes;  ///< payload of PT_NOTE
    /// Where VMCOREINFO's text lies in notes.
    struct NotePart {
        uint64_t offset = 0, size = 0;
    };
    std::optional<NotePart> vmcoreinfo_part;
    std::optional<Vmcoreinfo> vmcoreinfo;
    std::optional<Utsname> recorded_utsname;  ///< where the guest is one of a file
    std::vector<std::string> warnings;  ///< what was wrong with the guest note, in QEMU's words

    /// @guest must be paused. Main loop.
    ///
    /// Errors: no memory in the range, no vCPU, page tables with too many mappings, no memory of
    /// the host's.
    static Result<Snapshot> take(const Guest& guest, const Request& request);
};

}  // namespace dump
