// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/vmcore.h"

#include <algorithm>

#include "format/elf.h"
#include "target-i386/arch.h"
#include "target-i386/notes.h"
#include "util/text.h"
#include "vmcore/elf/note_list.h"
#include "vmcore/file_source.h"
#include "vmcore/readers.h"

namespace guestdump::vmcore {
namespace {

using target_i386::Registers;

bool is_qemu_note(const Note& note) {
    return note.name == "QEMU";
}
bool is_prstatus(const Note& note) {
    return note.name == "CORE" && note.type == format::kNtPrstatus;
}

/// The registers in those notes that @is_wanted, in their order.
///
/// A malformed note is reported in @warnings, and no more are read: after a good one it may be the
/// guest's own, in a dump of somebody who lets guests name their notes.
template <class IsWanted, class Parse>
Result<std::vector<Registers>> registers_from(const NoteList& list, IsWanted is_wanted, Parse parse,
                                              std::vector<std::string>& warnings) {
    std::vector<Registers> all;
    for (const Note& note : list.notes) {
        if (!is_wanted(note)) continue;
        Result<Registers> one = parse(note.descriptor);
        if (!one) {
            Error error = std::move(one).take_error().while_(
                "%s note of vCPU %zu", std::string(note.name).c_str(), all.size());
            warnings.push_back(error.message());
            break;
        }
        all.push_back(std::move(one).take());
    }
    return all;
}

/// As many vCPUs as have both notes: a QEMU note too many is not of one.
void drop_surplus(const NoteList& list, std::vector<Registers>& all,
                  std::vector<std::string>& warnings) {
    const auto expected =
        static_cast<size_t>(std::count_if(list.notes.begin(), list.notes.end(), is_prstatus));
    if (expected == 0 || all.size() <= expected) return;
    warnings.push_back(util::text("%zu QEMU notes, but %zu PRSTATUS notes: the rest is left out",
                                  all.size(), expected));
    all.resize(expected);
}

/// A kernel that has not filled its VMCOREINFO yet leaves such a note. It must not stop the search
/// for a better one in memory.
bool is_empty_vmcoreinfo(const Note& note) {
    return note.name == "VMCOREINFO" && note.descriptor.empty();
}

/// VMCOREINFO where it is, else whatever the guest may have handed over.
const Note* find_guest_note(const NoteList& list) {
    const Note* found = nullptr;
    for (const Note& note : list.notes) {
        if (is_empty_vmcoreinfo(note)) continue;
        if (note.name == "VMCOREINFO") return &note;
        const bool is_cpu = note.name == "CORE" || is_qemu_note(note) || is_vbox_note(note);
        if (!found && !is_cpu) found = &note;
    }
    return found;
}

}  // namespace

Result<std::unique_ptr<Vmcore>> Vmcore::open(const std::string& path, OpenOptions options) {
    std::shared_ptr<const ByteSource> source = TRY(FileSource::open(path));
    return read(std::move(source), options);
}

Result<std::unique_ptr<Vmcore>> Vmcore::read(std::shared_ptr<const ByteSource> source,
                                             OpenOptions options) {
    std::unique_ptr<Vmcore> vmcore(new Vmcore);
    ReadFile file = TRY(read_file(source, options));
    vmcore->contents_ = std::move(file.contents);
    vmcore->kdump_ = std::move(file.kdump);
    vmcore->flattened_ = file.flattened;
    if (vmcore->contents_.blocks.empty() && vmcore->contents_.missing.empty()) {
        return Error::make("'%s' holds no guest memory", source->name().c_str());
    }
    Result<> notes = vmcore->read_notes();
    if (!notes) return std::move(notes).take_error().while_("'%s'", source->name().c_str());
    return vmcore;
}

Result<> Vmcore::read_notes() {
    const NoteList list = split_notes(contents_.notes);
    if (list.damage) contents_.warnings.push_back(*list.damage);
    vbox_ = TRY(read_vbox_core(list));
    if (vbox_) {
        contents_.left_out.clear();  // ranges without bytes are those of devices
        take_vbox_cpus();
    }
    cpus_.insert(cpus_.end(), contents_.registers.begin(), contents_.registers.end());
    if (cpus_.empty() && !vbox_) TRY(read_cpus(list));
    if (std::any_of(list.notes.begin(), list.notes.end(), is_empty_vmcoreinfo))
        contents_.warnings.push_back("the VMCOREINFO note is empty");
    if (const Note* note = find_guest_note(list)) {
        guest_note_ = guest::GuestNote(note->whole.begin(), note->whole.end());
    }
    return {};
}

std::optional<guest::Utsname> Vmcore::recorded_utsname() const {
    if (!kdump_) return std::nullopt;
    return kdump_->header.utsname;
}

Result<> Vmcore::read_cpus(const NoteList& list) {
    std::vector<std::string>& warnings = contents_.warnings;
    std::vector<Registers> all =
        TRY(registers_from(list, is_qemu_note, target_i386::parse_qemu_note, warnings));
    drop_surplus(list, all, warnings);
    const bool recorded = all.empty();
    if (recorded)
        all = TRY(registers_from(list, is_prstatus, target_i386::parse_prstatus, warnings));
    for (Registers& registers : all) {
        registers.efer = target_i386::guess_efer(registers, contents_.machine, cpus_.empty());
        cpus_.push_back(registers);
    }
    if (recorded) record_cpus(list);
    return {};
}

void Vmcore::record_cpus(const NoteList& list) {
    for (const Note& note : list.notes) {
        if (!is_prstatus(note) || recorded_prstatus_.size() == cpus_.size()) continue;
        recorded_prstatus_.emplace_back(note.descriptor.begin(), note.descriptor.end());
    }
}

/// A VirtualBox core is x86-64's whatever the guest does; a dump of the guest is not.
void Vmcore::take_vbox_cpus() {
    cpus_.insert(cpus_.end(), vbox_->cpus.begin(), vbox_->cpus.end());
    if (cpus_.empty()) return;
    const guest::ArchDumpInfo arch = target_i386::dump_info(vbox_->cpus.front(), contents_.blocks);
    contents_.machine = arch.machine;
    contents_.elf_class = arch.elf_class;
}

std::vector<guest::Cpu> Vmcore::cpus() const {
    std::vector<guest::Cpu> list;
    for (const Registers& registers : cpus_) {
        guest::Cpu cpu = target_i386::make_cpu(registers);
        if (list.size() < recorded_prstatus_.size())
            cpu.set_recorded_prstatus(recorded_prstatus_[list.size()]);
        list.push_back(std::move(cpu));
    }
    return list;
}

Result<guest::ArchDumpInfo> Vmcore::arch_info(const guest::GuestPhysBlockList& blocks) const {
    guest::ArchDumpInfo info;
    info.machine = contents_.machine;
    info.elf_class = contents_.elf_class;
    // A 32-bit kdump file may hold what lies above 4 GiB; in 32-bit ELF the exclusive end must fit.
    if (!blocks.empty() && blocks.last().value >= UINT32_MAX)
        info.elf_class = format::ElfClass::k64;
    // Nobody writes 64-bit registers and addresses to 32-bit ELF, but somebody may have damaged it.
    if (info.machine == format::kEmX86_64) info.elf_class = format::ElfClass::k64;
    info.page_size = kPageSize;
    info.phys_base = contents_.phys_base;
    info.uname_machine = contents_.machine == format::kEm386 ? "i686" : "x86_64";
    return info;
}

}  // namespace guestdump::vmcore
