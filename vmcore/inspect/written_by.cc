// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/written_by.h"

#include <algorithm>

#include "format/elf.h"
#include "format/kdump.h"
#include "vmcore/elf/note_list.h"

namespace guestdump::vmcore {
namespace {

using Program = std::optional<qapi::VmcoreProgram>;

bool has_qemu_notes(const Vmcore& vmcore) {
    const NoteList list = split_notes(vmcore.contents().notes);
    return std::any_of(list.notes.begin(), list.notes.end(),
                       [](const Note& note) { return note.name == "QEMU"; });
}

/// Of a file with QEMU notes.
Program writer_of_elf(const ElfShape& shape, format::ElfClass elf_class) {
    const uint64_t header = elf_class == format::ElfClass::k64 ? sizeof(format::Elf64::Ehdr)
                                                               : sizeof(format::Elf32::Ehdr);
    if (shape.program_headers != header) return qapi::VmcoreProgram::qemu;
    const uint64_t next_page = (shape.notes_end + kPageSize - 1) / kPageSize * kPageSize;
    if (shape.notes_end == next_page) return {};  // behind the notes and on a page, both
    if (shape.memory == next_page) return qapi::VmcoreProgram::guestdump;
    if (shape.memory == shape.notes_end) return qapi::VmcoreProgram::makedumpfile;
    return {};
}

/// Of a file with QEMU notes that was not filtered.
Program writer_of_kdump(const KdumpFile& kdump) {
    const KdumpHeader& header = kdump.header;
    if (header.utsname.release.empty()) {
        // QEMU never tells the guest's name, we do wherever VMCOREINFO does.
        return header.vmcoreinfo_size != 0 ? Program(qapi::VmcoreProgram::qemu) : std::nullopt;
    }
    if (header.status == 0) return qapi::VmcoreProgram::makedumpfile;  // nothing is compressed
    // Ours of all memory has level 1, and so has what makedumpfile -d 1 writes.
    if (header.dump_level == format::kDumpLevelExcludeZero) return {};
    const bool whole = kdump.existing.pages() == kdump.region->stored().pages();
    return whole ? qapi::VmcoreProgram::makedumpfile : qapi::VmcoreProgram::guestdump;
}

}  // namespace

Program written_by(const Vmcore& vmcore) {
    const Contents& contents = vmcore.contents();
    if (const VboxCore* vbox = vmcore.vbox()) {
        return vbox->vbox_version != 0 ? qapi::VmcoreProgram::virtualbox
                                       : qapi::VmcoreProgram::guestdump;
    }
    const KdumpFile* kdump = vmcore.kdump();
    if (kdump && kdump->header.dump_level > format::kDumpLevelExcludeZero) {
        return qapi::VmcoreProgram::makedumpfile;
    }
    if (!has_qemu_notes(vmcore)) return {};
    if (kdump) return writer_of_kdump(*kdump);
    if (contents.elf_shape) return writer_of_elf(*contents.elf_shape, contents.elf_class);
    return {};
}

}  // namespace guestdump::vmcore
