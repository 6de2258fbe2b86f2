// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dump/capture.h"
#include "dump/request.h"
#include "guest/page_set.h"
#include "linux/vmcoreinfo.h"
#include "util/cancellation.h"

namespace guestdump::dump {

/// Everything about a stopped guest except page contents. Immutable once prepared; any thread.
struct Snapshot {
    guest::ArchDumpInfo arch;  ///< phys_base is VMCOREINFO's if there is one
    uint32_t cpu_count = 0;
    std::shared_ptr<const guest::PageSource> memory;  ///< all of the guest's
    guest::PageSet pages;                             ///< of memory: Selection::pages
    guest::GuestPhysBlockList blocks;                 ///< of memory: Selection::blocks
    guest::MemoryMappings mappings;  ///< one program header each; the simple mapping without paging
    std::vector<std::byte> notes;    ///< payload of PT_NOTE
    /// Where VMCOREINFO's text lies in notes.
    struct NotePart {
        uint64_t offset = 0, size = 0;
    };
    std::optional<NotePart> vmcoreinfo_part;
    std::optional<linux_guest::Vmcoreinfo> vmcoreinfo;
    guest::Utsname utsname;             ///< what is known of it; of kdump files only
    std::vector<std::string> warnings;  ///< what was wrong with the guest note, in QEMU's words

    /// One more than the highest page frame number of the guest's memory.
    uint64_t max_mapnr() const { return memory->blocks().last().value / arch.page_size + 1; }

    /// Works out everything that a dump of @capture for @request needs before its first byte: looks
    /// for VMCOREINFO, reads names, walks page tables. The guest decides how long that takes.
    ///
    /// Any thread but the main loop's. Errors: no memory in the range, page tables with too many
    /// mappings, no memory of the host's, cancellation.
    static Result<Snapshot> prepare(const Capture& capture, const Request& request,
                                    const util::Cancellation& cancellation);

    /// Capture::of() and prepare() in one, for a guest that nobody waits for: a file, a test.
    static Result<Snapshot> take(const guest::Guest& guest, const Request& request);
};

}  // namespace guestdump::dump
