// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/written_by.h"

#include <algorithm>

#include "format/elf.h"
#include "linux/vmcoreinfo.h"
#include "vmcore/elf/note_list.h"
#include "vmcore/kdump/kdump_reader.h"
#include "vmcore/vbox_core.h"

namespace guestdump::vmcore {
namespace {

/// QEMU's e_ehsize: the size of a pointer. [qemu dump/dump.c]
constexpr uint16_t kQemuHeaderSize = 8;

bool has_qemu_notes(const Vmcore& vmcore) {
    const NoteList list = vmcore.contents().note_list();
    return std::any_of(list.notes.begin(), list.notes.end(),
                       [](const Note& note) { return note.name == "QEMU"; });
}

/// Recognises QEMU by its wrong e_ehsize or, since 7.2, by section headers that come between the
/// file header and the program headers.
bool is_qemu_elf(const Contents& contents) {
    if (!contents.elf_shape) return false;
    const ElfShape& shape = *contents.elf_shape;
    const uint64_t header = contents.machine.elf_class == format::ElfClass::k64
                                ? sizeof(format::Elf64::Ehdr)
                                : sizeof(format::Elf32::Ehdr);
    const bool sections_first =
        shape.section_headers == header && shape.program_headers > shape.section_headers;
    return shape.stated_header_size == kQemuHeaderSize || sections_first;
}

/// True if VMCOREINFO contains the release, so that every writer except QEMU has it in utsname.
bool knows_release(const Vmcore& vmcore) {
    const auto note = vmcore.guest_note();
    if (!note) return false;
    const auto view = linux_guest::parse_note(*note);
    if (!view || view->name != "VMCOREINFO") return false;
    const std::string text(reinterpret_cast<const char*>(view->descriptor.data()),
                           view->descriptor.size());
    return linux_guest::Vmcoreinfo(text).value("OSRELEASE").has_value();
}

/// Recognises QEMU by a utsname with nothing but the machine, a time of 0 and two equal bitmaps.
bool is_qemu_kdump(const Vmcore& vmcore, const KdumpFile& kdump) {
    const KdumpHeader& header = kdump.header;
    const guest::Utsname& name = header.utsname;
    const bool machine_alone = !name.machine.empty() && name.sysname.empty() &&
                               name.release.empty() && name.version.empty();
    const bool all_pages = header.dump_level == format::kDumpLevelExcludeZero &&
                           kdump.existing.pages() == kdump.region->stored().pages();
    return machine_alone && all_pages && header.seconds == 0 && knows_release(vmcore);
}

}  // namespace

std::optional<qapi::VmcoreProgram> written_by(const Vmcore& vmcore) {
    using Program = qapi::VmcoreProgram;
    if (vmcore.contents().migration) return Program::qemu;
    const VboxCore* vbox = vmcore.vbox();
    if (vbox && vbox->vbox_version != 0) return Program::virtualbox;
    if (vbox || !has_qemu_notes(vmcore)) return std::nullopt;
    const KdumpFile* kdump = vmcore.kdump();
    const bool qemu = kdump ? is_qemu_kdump(vmcore, *kdump) : is_qemu_elf(vmcore.contents());
    return qemu ? std::optional(Program::qemu) : std::nullopt;
}

}  // namespace guestdump::vmcore
