// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump/kdump_reader.h"

#include <algorithm>
#include <cinttypes>

#include "format/kdump.h"
#include "util/text.h"
#include "vmcore/elf/note_list.h"

namespace guestdump::vmcore {
namespace {

/// Descriptors of NT_PRSTATUS on i386 and x86-64, bytes. [linux arch/x86/include/asm/elf.h]
constexpr size_t kPrstatus32 = 144, kPrstatus64 = 336;

bool is_prstatus(const Note& note) {
    return note.name == "CORE" && note.type == format::kNtPrstatus;
}

/// QEMU's utsname says x86_64 for a guest outside long mode too, so the notes are asked first. A
/// note of a size that neither has says nothing.
uint16_t machine_of(const KdumpHeader& header, const NoteList& notes) {
    for (const Note& note : notes.notes) {
        if (!is_prstatus(note)) continue;
        if (note.descriptor.size() == kPrstatus32) return format::kEm386;
        if (note.descriptor.size() == kPrstatus64) return format::kEmX86_64;
    }
    if (header.utsname.machine == "x86_64") return format::kEmX86_64;
    if (is_i386_name(header.utsname.machine)) return format::kEm386;
    return header.elf_class == format::ElfClass::k64 ? format::kEmX86_64 : format::kEm386;
}

/// nr_cpus is what some readers count vCPUs by.
void check_cpu_count(const KdumpHeader& header, const NoteList& notes,
                     std::vector<std::string>& warnings) {
    const auto found =
        static_cast<size_t>(std::count_if(notes.notes.begin(), notes.notes.end(), is_prstatus));
    if (found == 0 || found == header.cpu_count) return;
    warnings.push_back(
        util::text("the header counts %u vCPUs, there are notes of %zu", header.cpu_count, found));
}

/// @size has been checked.
Result<std::vector<std::byte>> read_bytes(const ByteSource& source, uint64_t offset,
                                          uint64_t size) {
    std::vector<std::byte> bytes(size);
    TRY(source.read_at(offset, bytes));
    return bytes;
}

/// makedumpfile keeps VMCOREINFO beside the notes; a dump keeps it among them.
Result<> add_vmcoreinfo(const ByteSource& source, const KdumpHeader& header,
                        std::vector<std::byte>& notes) {
    if (header.vmcoreinfo_size == 0) return {};
    const std::vector<std::byte> text =
        TRY(read_bytes(source, header.vmcoreinfo_offset, header.vmcoreinfo_size));
    guest::NoteBuilder builder;
    builder.append_raw(notes);
    builder.append("VMCOREINFO", 0, text);
    notes = std::move(builder).take();
    return {};
}

Result<std::vector<std::byte>> read_notes(const ByteSource& source, const KdumpHeader& header) {
    std::vector<std::byte> notes = TRY(read_bytes(source, header.note_offset, header.note_size));
    const NoteList list = split_notes(notes);
    const bool has_vmcoreinfo =
        std::any_of(list.notes.begin(), list.notes.end(),
                    [](const Note& note) { return note.name == "VMCOREINFO"; });
    if (!has_vmcoreinfo) TRY(add_vmcoreinfo(source, header, notes));
    return notes;
}

RangeList ranges_of(const PageBitmap& pages) {
    RangeList ranges;
    for (const BitmapRun& run : pages.view())
        ranges.push_back({guest::Gpa{run.first * kPageSize}, run.count * kPageSize});
    return ranges;
}

Result<> add_blocks(const RangeList& ranges, const std::shared_ptr<const KdumpRegion>& region,
                    guest::GuestPhysBlockList& blocks) {
    for (const guest::GpaRange& range : ranges)
        TRY(blocks.add({.range = range, .region = region, .offset = range.start.value}));
    return {};
}

}  // namespace

Result<KdumpFile> read_kdump(const std::shared_ptr<const ByteSource>& source, OpenOptions options) {
    KdumpFile file;
    file.header = TRY(read_kdump_header(*source));
    const KdumpHeader& header = file.header;
    Contents& contents = file.contents;
    contents.format = util::text("kdump-compressed version %u", header.version);
    contents.elf_class = header.elf_class;
    contents.phys_base = guest::Gpa{header.phys_base};
    contents.warnings = header.warnings;
    contents.notes = TRY(read_notes(*source, header));
    const NoteList notes = split_notes(contents.notes);
    contents.machine = machine_of(header, notes);
    check_cpu_count(header, notes, contents.warnings);
    if ((header.status & format::kStatusIncomplete) != 0) {
        contents.warnings.push_back("the dump is incomplete: its target was full before it ended");
    }
    PageBitmap stored = TRY(PageBitmap::read(*source, header.bitmap2, header.max_mapnr));
    file.region = TRY(KdumpRegion::create(source, header, std::move(stored), options));
    file.existing = TRY(PageBitmap::read(*source, header.bitmap1, header.max_mapnr));
    const bool rest_is_zero = header.dump_level == format::kDumpLevelExcludeZero;
    if (options.partial) contents.missing = TRY(file.region->missing());
    const RangeList existing = ranges_of(file.existing);
    const RangeList known = rest_is_zero ? existing : ranges_of(file.region->stored());
    TRY(add_blocks(ranges_without(known, contents.missing), file.region, contents.blocks));
    contents.left_out = ranges_without(existing, known);
    return file;
}

}  // namespace guestdump::vmcore
