// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump/kdump_reader.h"

#include <algorithm>
#include <cinttypes>

#include "format/kdump.h"
#include "util/text.h"
#include "vmcore/elf/note_list.h"
#include "vmcore/filter_note.h"

namespace guestdump::vmcore {
namespace {

/// Descriptors of NT_PRSTATUS on i386 and x86-64, bytes. [linux arch/x86/include/asm/elf.h]
constexpr size_t kPrstatus32 = 144, kPrstatus64 = 336;

bool is_prstatus(const Note& note) {
    return note.name == "CORE" && note.type == format::kNtPrstatus;
}

/// QEMU names only few machines in its headers.
bool names_no_machine(const std::string& name) {
    return name.empty() || name == "Unknown";
}

/// The notes are checked before utsname, because QEMU's utsname has x86_64 even for a guest outside
/// long mode. Notes of any other size are ignored.
uint16_t x86_of(const KdumpHeader& header, const NoteList& notes) {
    for (const Note& note : notes.notes) {
        if (!is_prstatus(note)) continue;
        if (note.descriptor.size() == kPrstatus32) return format::kEm386;
        if (note.descriptor.size() == kPrstatus64) return format::kEmX86_64;
    }
    const uint16_t named = machine_number(header.utsname.machine, header.elf_class);
    if (named != 0) return named;
    return header.elf_class == format::ElfClass::k64 ? format::kEmX86_64 : format::kEm386;
}

/// True if utsname or, if it does not name a machine, the notes are those of x86.
bool may_be_x86(const KdumpHeader& header, uint16_t named, const NoteList& notes) {
    if (named != 0) return Machine{.number = named}.is_x86();
    if (header.order == std::endian::big || header.page_size != kPageSize) return false;
    if (!names_no_machine(header.utsname.machine)) return false;
    return std::none_of(notes.notes.begin(), notes.notes.end(), [&](const Note& note) {
        return is_prstatus(note) &&
               machine_with_prstatus(note.descriptor.size(), header.elf_class, header.order) != 0;
    });
}

/// The number of a machine that is not x86.
uint16_t other_machine_of(const KdumpHeader& header, uint16_t named, const NoteList& notes) {
    if (named != 0) return named;
    const auto prstatus = std::find_if(notes.notes.begin(), notes.notes.end(), is_prstatus);
    if (prstatus == notes.notes.end() || !names_no_machine(header.utsname.machine)) return 0;
    return machine_with_prstatus(prstatus->descriptor.size(), header.elf_class, header.order);
}

bool is_lower_case(const std::string& name) {
    return std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

void find_machine(const KdumpHeader& header, const NoteList& notes, Contents& contents) {
    Machine& machine = contents.machine;
    machine = {0, header.elf_class, header.order};
    const std::string& name = header.utsname.machine;
    const uint16_t named = machine_number(name, header.elf_class);
    if (may_be_x86(header, named, notes)) {
        machine.number = x86_of(header, notes);
        return;
    }
    machine.number = other_machine_of(header, named, notes);
    // QEMU writes S390X, which readers do not know.
    const bool misspelt = machine.number != 0 && !is_lower_case(name);
    if (!names_no_machine(name) && !misspelt) contents.uname_machine = name;
    if (machine.number != 0) return;
    contents.warnings.push_back(
        util::text("the machine '%s' of the header is not known", name.c_str()));
}

/// Some readers take the number of vCPUs from nr_cpus.
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

/// Adds a text that the file has apart from the notes, unless it is among them too: a dump has it
/// there. Returns whether it was added.
Result<bool> add_text(const ByteSource& source, const char* name, uint64_t offset, uint64_t size,
                      std::endian order, std::vector<std::byte>& notes) {
    const NoteList list = split_notes(notes, order);
    const bool has_it = std::any_of(list.notes.begin(), list.notes.end(),
                                    [name](const Note& note) { return note.name == name; });
    if (size == 0 || has_it) return false;
    const std::vector<std::byte> text = TRY(read_bytes(source, offset, size));
    guest::NoteBuilder builder(order);
    builder.append_raw(notes);
    builder.append(name, 0, text);
    notes = std::move(builder).take();
    return true;
}

/// makedumpfile stores VMCOREINFO, and what it erased, apart from the notes.
Result<> read_notes(const ByteSource& source, const KdumpHeader& header, Contents& contents) {
    std::vector<std::byte>& notes = contents.notes;
    notes = TRY(read_bytes(source, header.note_offset, header.note_size));
    contents.vmcoreinfo_apart = TRY(add_text(source, "VMCOREINFO", header.vmcoreinfo_offset,
                                             header.vmcoreinfo_size, header.order, notes));
    TRY(add_text(source, "ERASEINFO", header.erase_info_offset, header.erase_info_size,
                 header.order, notes));
    return {};
}

RangeList ranges_of(const PageBitmap& pages, uint64_t page_size) {
    RangeList ranges;
    for (const BitmapRun& run : pages.view())
        ranges.push_back({guest::Gpa{run.first * page_size}, run.count * page_size});
    return ranges;
}

Result<> add_blocks(const RangeList& ranges, const std::shared_ptr<const KdumpRegion>& region,
                    guest::GuestPhysBlockList& blocks) {
    for (const guest::GpaRange& range : ranges)
        TRY(blocks.add({.range = range, .region = region, .offset = range.start.value}));
    return {};
}

Error split_error(const ByteSource& source, const KdumpHeader& header) {
    const SplitPages& pages = *header.split;
    const uint64_t page_size = header.page_size;
    return Error::make("'%s' is one file of a split set, with the memory from 0x%" PRIx64
                       " to 0x%" PRIx64 ": name all files of the set, one after the other",
                       source.name().c_str(), pages.start * page_size, pages.end * page_size - 1);
}

}  // namespace

Result<KdumpFile> read_kdump(const std::shared_ptr<const ByteSource>& source, OpenOptions options) {
    KdumpFile file;
    file.header = TRY(read_kdump_header(*source));
    const KdumpHeader& header = file.header;
    if (header.split) return split_error(*source, header);
    Contents& contents = file.contents;
    contents.format = util::text("kdump-compressed version %u", header.version);
    contents.page_size = header.page_size;
    contents.phys_base = guest::Gpa{header.phys_base};
    contents.warnings = header.warnings;
    TRY(read_notes(*source, header, contents));
    const NoteList notes = split_notes(contents.notes, header.order);
    find_machine(header, notes, contents);
    check_cpu_count(header, notes, contents.warnings);
    if ((header.status & format::kStatusIncomplete) != 0) {
        contents.warnings.push_back("the dump is incomplete: its target was full before it ended");
    }
    PageBitmap stored =
        TRY(PageBitmap::read(*source, header.bitmap2, header.max_mapnr, header.page_size));
    file.region = TRY(KdumpRegion::create(source, header, std::move(stored), options));
    file.existing =
        TRY(PageBitmap::read(*source, header.bitmap1, header.max_mapnr, header.page_size));
    contents.filter = filter_facts(notes);
    const bool rest_is_zero = header.dump_level == format::kDumpLevelExcludeZero &&
                              !(contents.filter && !contents.filter->pages_by_class.empty());
    if (options.partial) contents.missing = TRY(file.region->missing());
    const RangeList existing = ranges_of(file.existing, header.page_size);
    const RangeList known =
        rest_is_zero ? existing : ranges_of(file.region->stored(), header.page_size);
    TRY(add_blocks(ranges_without(known, contents.missing), file.region, contents.blocks));
    contents.left_out = ranges_without(existing, known);
    return file;
}

}  // namespace guestdump::vmcore
