// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/verify.h"

#include <algorithm>
#include <cinttypes>

#include "format/elf.h"
#include "guest/page_source.h"
#include "util/text.h"
#include "vmcore/elf/note_list.h"
#include "vmcore/inspect/findings.h"
#include "vmcore/inspect/memory_scan.h"

namespace guestdump::vmcore {
namespace {

using guest::Gpa;
using guest::GpaRange;

/// Reads @piece page by page to tell which of its pages are bad.
void find_bad_pages(const guest::GuestPhysBlockList& blocks, GpaRange piece, Findings& bad) {
    std::vector<std::byte> page(kPageSize);
    for (uint64_t at = 0; at < piece.size;) {
        const uint64_t from = piece.start.value + at;
        const uint64_t size = std::min<uint64_t>(piece.size - at, kPageSize - from % kPageSize);
        const auto read = blocks.read(Gpa{from}, std::span(page).first(size));
        if (!read) bad.add(from, read.error().message());
        at += size;
    }
}

void verify_memory(const Vmcore& vmcore, unsigned threads, Verification& result) {
    const guest::GuestPhysBlockList blocks = vmcore.blocks();
    const guest::RamSource pages(blocks);
    const RangeList ranges = ranges_of(blocks);
    std::vector<std::vector<std::byte>> buffers(size_t{threads} * 2);
    Findings bad;
    const auto visit = [&](size_t slot, GpaRange piece) -> Result<> {
        buffers[slot].resize(kScanPiece);
        const auto out = std::span(buffers[slot]).first(piece.size);
        if (!blocks.read(piece.start, out)) find_bad_pages(blocks, piece, bad);
        return {};
    };
    const auto extent_of = [&](Gpa from, uint64_t limit) { return pages.extent(from, limit); };
    const Result<> done = scan(ranges, extent_of, threads, visit);
    if (!done) result.problems.push_back(done.error().message());
    result.bytes = total_bytes(ranges);
    result.bad_pages = bad.count();
    for (std::string& text : bad.texts()) result.problems.push_back(std::move(text));
}

uint64_t prstatus_count(const Vmcore& vmcore) {
    const NoteList list = split_notes(vmcore.contents().notes);
    return static_cast<uint64_t>(std::count_if(
        list.notes.begin(), list.notes.end(),
        [](const Note& note) { return note.name == "CORE" && note.type == format::kNtPrstatus; }));
}

/// Every page of bitmap 2, which has the pages in the file, must be in bitmap 1, which has all
/// pages.
void verify_bitmaps(const KdumpFile& kdump, Verification& result) {
    for (const BitmapRun& run : kdump.region->stored().view()) {
        for (uint64_t pfn = run.first; pfn < run.end();) {
            const BitmapRun* known = kdump.existing.find_from(pfn);
            if (known && known->first <= pfn) {
                pfn = known->end();
                continue;
            }
            result.problems.push_back(
                util::text("page 0x%" PRIx64 " is in bitmap 2 but not in bitmap 1", pfn));
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

Verification verify(const Vmcore& vmcore, unsigned threads) {
    Verification result;
    result.problems = vmcore.contents().warnings;
    if (vmcore.kdump()) verify_bitmaps(*vmcore.kdump(), result);
    if (vmcore.vbox()) verify_vbox(*vmcore.vbox(), result);
    const uint64_t prstatus = prstatus_count(vmcore);
    if (!vmcore.vbox() && prstatus != vmcore.vcpus().size()) {
        result.problems.push_back(util::text("%" PRIu64 " vCPUs by NT_PRSTATUS, %zu by QEMU notes",
                                             prstatus, vmcore.vcpus().size()));
    }
    verify_memory(vmcore, threads, result);
    return result;
}

}  // namespace guestdump::vmcore
