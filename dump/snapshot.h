// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dump/request.h"
#include "guest/guest.h"
#include "linux/vmcoreinfo.h"

namespace guestdump::dump {

/// Everything about a stopped guest except page contents. Immutable; any thread.
struct Snapshot {
    guest::ArchDumpInfo arch;  ///< phys_base already corrected by VMCOREINFO where there is one
    uint32_t cpu_count = 0;
    guest::GuestPhysBlockList memory;  ///< all of the guest's
    guest::GuestPhysBlockList blocks;  ///< what the request's range leaves
    guest::MemoryMappings mappings;  ///< one program header each; the simple mapping without paging
    std::vector<std::byte> notes;    ///< payload of PT_NOTE
    /// Where VMCOREINFO's text lies in notes.
    struct NotePart {
        uint64_t offset = 0, size = 0;
    };
    std::optional<NotePart> vmcoreinfo_part;
    std::optional<linux_guest::Vmcoreinfo> vmcoreinfo;
    std::optional<guest::Utsname> recorded_utsname;  ///< where the guest is one of a file
    std::vector<std::string> warnings;  ///< what was wrong with the guest note, in QEMU's words

    /// @guest must be paused. Main loop.
    ///
    /// Errors: no memory in the range, no vCPU, page tables with too many mappings, no memory of
    /// the host's.
    static Result<Snapshot> take(const guest::Guest& guest, const Request& request);
};

}  // namespace guestdump::dump
