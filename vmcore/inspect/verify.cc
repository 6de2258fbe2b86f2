// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/verify.h"

#include <algorithm>
#include <cinttypes>

#include "format/elf.h"
#include "util/text.h"
#include "vmcore/elf/note_list.h"
#include "vmcore/inspect/unreadable.h"
#include "vmcore/kdump/kdump_reader.h"
#include "vmcore/vbox_core.h"

namespace guestdump::vmcore {
namespace {

void verify_memory(const Vmcore& vmcore, unsigned threads, dump::Progress* progress,
                   Verification& result) {
    Result<Unreadable> bad = find_unreadable(vmcore, threads, progress);
    if (!bad) {
        result.problems.push_back(bad.error().message());
        return;
    }
    result.bytes = vmcore.contents().blocks.total_bytes();
    result.bad_pages = bad->pages;
    for (std::string& text : bad->texts) result.problems.push_back(std::move(text));
}

uint64_t prstatus_count(const Vmcore& vmcore) {
    const NoteList list = vmcore.contents().note_list();
    return static_cast<uint64_t>(std::count_if(
        list.notes.begin(), list.notes.end(),
        [](const Note& note) { return note.name == "CORE" && note.type == format::kNtPrstatus; }));
}

/// Checks that every page of bitmap 2 (pages in the file) is in bitmap 1 (all pages).
void verify_bitmaps(const KdumpFile& kdump, Verification& result) {
    for (const BitmapRun& run : kdump.region->stored().view()) {
        for (uint64_t pfn = run.first; pfn < run.end();) {
            const BitmapRun* known = kdump.existing.find_from(pfn);
            if (known && known->first <= pfn) {
                pfn = known->end();
                continue;
            }
            result.problems.push_back(util::text("the page at 0x%" PRIx64
                                                 " is in bitmap 2 but not in bitmap 1",
                                                 pfn * kdump.header.page_size));
            return;
        }
    }
}

void verify_vbox(const VboxCore& vbox, Verification& result) {
    if (vbox.cpu_count == vbox.cpus.size()) return;
    result.problems.push_back(util::text("the VBCORE note counts %u vCPUs, there are notes of %zu",
                                         vbox.cpu_count, vbox.cpus.size()));
}

}  // namespace

Verification verify(const Vmcore& vmcore, unsigned threads, dump::Progress* progress) {
    Verification result;
    result.problems = vmcore.contents().warnings;
    if (vmcore.kdump()) verify_bitmaps(*vmcore.kdump(), result);
    if (vmcore.vbox()) verify_vbox(*vmcore.vbox(), result);
    const uint64_t prstatus = prstatus_count(vmcore);
    const bool has_qemu_notes = vmcore.contents().machine.is_x86() && !vmcore.vbox();
    if (has_qemu_notes && prstatus != vmcore.vcpus().size()) {
        result.problems.push_back(util::text("%" PRIu64 " vCPUs by NT_PRSTATUS, %zu by QEMU notes",
                                             prstatus, vmcore.vcpus().size()));
    }
    verify_memory(vmcore, threads, progress, result);
    return result;
}

}  // namespace guestdump::vmcore
