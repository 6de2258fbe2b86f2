// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dump/capture.h"
#include "dump/request.h"
#include "guest/memory_mapping.h"
#include "guest/page_set.h"
#include "guest/range_list.h"
#include "linux/page_classes.h"
#include "linux/vmcoreinfo.h"
#include "util/cancellation.h"

namespace guestdump::dump {

/// Called with the number of bytes of guest memory whose pages have been judged: at first 0, then
/// more and more. By any thread, one at a time.
using Judged = std::function<void(uint64_t bytes)>;

/// Everything about a stopped guest except page contents. Immutable once prepared; any thread.
struct Snapshot {
    guest::ArchDumpInfo arch;  ///< phys_base is from VMCOREINFO if there is one
    uint32_t cpu_count = 0;
    std::shared_ptr<const guest::PageSource> memory;  ///< all guest memory
    guest::PageSet pages;                             ///< Selection::pages
    guest::PageSet existing;                          ///< Selection::existing
    /// Selection::blocks. For kdump files, whether pages of them are excluded or not.
    guest::GuestPhysBlockList blocks;
    guest::RangeList left_out;  ///< Selection::left_out
    /// Bytes in the request's range that are known to be zero and not in the file; ELF files and
    /// VirtualBox cores only.
    guest::RangeList zero;
    /// One more than the highest page frame number of the guest's memory; more if the guest's file
    /// says so.
    uint64_t max_mapnr = 0;
    /// The kinds of pages that were left out, as in the sub header of kdump files.
    uint32_t dump_level = 0;
    /// Pages that a filter left out, by class, as in format::FilterNote. Empty if not counted.
    std::vector<uint64_t> left_out_by_class;
    guest::MemoryMappings mappings;  ///< one program header each; the simple mapping without paging
    std::vector<std::byte> notes;    ///< payload of PT_NOTE
    /// Of @notes, those that are notes in a kdump file too; VMCOREINFO may be apart. Bytes.
    uint64_t kdump_note_size = 0;
    /// Place of VMCOREINFO's text in notes, in bytes.
    struct NotePart {
        uint64_t offset = 0, size = 0;
    };
    std::optional<NotePart> vmcoreinfo_part;
    std::optional<NotePart> erase_info_part;  ///< what makedumpfile erased, in notes
    std::optional<linux_guest::Vmcoreinfo> vmcoreinfo;
    std::optional<guest::Gpa> vmcoreinfo_at;  ///< in memory, if it was found there
    /// All pages of the guest by class; empty unless the request excludes classes and they are
    /// known.
    std::optional<linux_guest::PageCounts> page_counts;
    guest::Utsname utsname;             ///< as far as known; kdump files only
    std::vector<std::string> warnings;  ///< problems of the guest note, in QEMU's words

    /// Bytes of guest memory that the dump reads.
    uint64_t total_bytes() const {
        return std::min(blocks.total_bytes(), pages.count() * arch.page_size);
    }

    /// Prepares everything that a dump of @capture for @request needs before its first byte:
    /// searches for VMCOREINFO, reads names, walks page tables. The guest can make this slow.
    ///
    /// @judged, which may be empty, is called while pages are judged: if the request excludes some.
    ///
    /// Any thread except the main loop. Errors: no memory in the range; every page is excluded; too
    /// many mappings in the page tables; out of memory; cancellation.
    static Result<Snapshot> prepare(const Capture& capture, const Request& request,
                                    const util::Cancellation& cancellation,
                                    const Judged& judged = {});

    /// Capture::of() followed by prepare(), for callers that may block: vmcore files and tests.
    static Result<Snapshot> take(const guest::Guest& guest, const Request& request);
};

}  // namespace guestdump::dump
