// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/vmcore.h"

#include <algorithm>
#include <cstring>

#include "format/elf.h"
#include "format/live_note.h"
#include "target-i386/arch.h"
#include "target-i386/cpu.h"
#include "target-i386/notes.h"
#include "util/result.h"
#include "util/text.h"
#include "vmcore/elf/note_list.h"
#include "vmcore/file_source.h"
#include "vmcore/filter_note.h"
#include "vmcore/kdump/split_set.h"
#include "vmcore/readers.h"
#include "vmcore/vbox_core.h"

namespace guestdump::vmcore {
namespace {

using target_i386::Registers;

bool is_qemu_note(const Note& note) {
    return note.name == "QEMU";
}
bool is_prstatus(const Note& note) {
    return note.name == "CORE" && note.type == format::kNtPrstatus;
}

/// Parses the registers in the notes for which @is_wanted returns true, in order.
///
/// The first malformed note is reported in @warnings and ends the search: if the writer lets guests
/// name notes, a note after a good one may come from the guest.
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

/// Removes QEMU notes in excess of the PRSTATUS notes: each vCPU has one of both.
void drop_surplus(const NoteList& list, std::vector<Registers>& all,
                  std::vector<std::string>& warnings) {
    const auto expected =
        static_cast<size_t>(std::count_if(list.notes.begin(), list.notes.end(), is_prstatus));
    if (expected == 0 || all.size() <= expected) return;
    warnings.push_back(util::text("%zu QEMU notes, but %zu PRSTATUS notes: the rest is left out",
                                  all.size(), expected));
    all.resize(expected);
}

/// An empty note comes from a kernel that has not filled its VMCOREINFO yet. It must not prevent
/// the search of memory for a better one.
bool is_empty_vmcoreinfo(const Note& note) {
    return note.name == "VMCOREINFO" && note.descriptor.empty();
}

bool is_live_note(const Note& note) {
    return note.name == format::kLiveNoteName && note.type == format::kNtLive;
}

/// Empty if it is shorter than the first version's.
std::optional<guest::LiveMoment> read_live_note(const Note& note) {
    format::LiveNote live;
    if (note.descriptor.size() < sizeof live) return std::nullopt;
    std::memcpy(&live, note.descriptor.data(), sizeof live);
    return guest::LiveMoment{.seconds = static_cast<int64_t>(uint64_t{live.seconds}),
                             .nanoseconds = live.nanoseconds,
                             .stopped_us = live.stopped_us};
}

bool is_vmcoreinfo(const Note& note) {
    return note.name == "VMCOREINFO" && !note.descriptor.empty();
}

/// True if @note describes vCPUs or pages, so that a dump writes it anew. Of machines that are not
/// x86, vCPUs are not understood.
bool is_written_anew(const Note& note, const Machine& machine) {
    if (!machine.is_x86()) return is_filter_note(note);
    return is_prstatus(note) || is_qemu_note(note) || is_vbox_note(note) || is_filter_note(note) ||
           is_empty_vmcoreinfo(note);
}

/// The header of a guest note is little-endian for any guest.
guest::GuestNote guest_note_of(const Note& note, std::endian order) {
    if (order == std::endian::little) return {note.whole.begin(), note.whole.end()};
    guest::NoteBuilder converted;
    converted.append(note.name, note.type, note.descriptor);
    return std::move(converted).take();
}

}  // namespace

Vmcore::Vmcore() = default;
Vmcore::~Vmcore() = default;

Result<std::unique_ptr<Vmcore>> Vmcore::open(const std::string& path, OpenOptions options) {
    std::shared_ptr<const ByteSource> source = TRY(FileSource::open(path));
    return read(std::move(source), options);
}

Result<std::unique_ptr<Vmcore>> Vmcore::read(std::shared_ptr<const ByteSource> source,
                                             OpenOptions options) {
    std::unique_ptr<Vmcore> vmcore(new Vmcore);
    ReadFile file = TRY(read_file(source, options));
    vmcore->contents_ = std::move(file.contents);
    if (file.kdump) vmcore->kdump_ = std::make_unique<const KdumpFile>(*std::move(file.kdump));
    vmcore->flattened_ = file.flattened;
    if (vmcore->contents_.blocks.empty() && vmcore->contents_.missing.empty()) {
        return Error::make("'%s' holds no guest memory", source->name().c_str());
    }
    Result<> notes = vmcore->read_notes();
    if (!notes) return std::move(notes).take_error().while_("'%s'", source->name().c_str());
    return vmcore;
}

Result<std::unique_ptr<Vmcore>> Vmcore::read(
    const std::vector<std::shared_ptr<const ByteSource>>& parts, OpenOptions options) {
    const bool joins = parts.size() > 1 || (options.partial && is_split_part(*parts.front()));
    if (!joins) return read(parts.front(), options);
    std::shared_ptr<const ByteSource> joined = TRY(join_split_set(parts, options));
    std::unique_ptr<Vmcore> vmcore = TRY(read(std::move(joined), options));
    vmcore->files_ = parts.size();
    return vmcore;
}

Result<> Vmcore::read_notes() {
    const NoteList list = split_notes(contents_.notes, contents_.machine.order);
    if (list.damage) contents_.warnings.push_back(*list.damage);
    if (!contents_.machine.is_x86()) {
        read_other_notes(list);
        count_foreign_cpus(list);
        return {};
    }
    std::optional<VboxCore> vbox = TRY(read_vbox_core(list));
    if (vbox) {
        vbox_ = std::make_unique<const VboxCore>(*std::move(vbox));
        contents_.left_out = ranges_without(contents_.left_out, contents_.without_bytes);
        take_vbox_cpus();
    }
    cpus_.insert(cpus_.end(), contents_.registers.begin(), contents_.registers.end());
    if (cpus_.empty() && !vbox_) TRY(read_cpus(list));
    read_other_notes(list);
    return {};
}

void Vmcore::read_other_notes(const NoteList& list) {
    contents_.filter = filter_facts(list);
    if (std::any_of(list.notes.begin(), list.notes.end(), is_empty_vmcoreinfo))
        contents_.warnings.push_back("the VMCOREINFO note is empty");
    for (const Note& note : list.notes) {
        if (is_live_note(note)) moment_ = read_live_note(note);
    }
    const auto found = std::find_if(list.notes.begin(), list.notes.end(), is_vmcoreinfo);
    const Note* const vmcoreinfo = found == list.notes.end() ? nullptr : &*found;
    if (vmcoreinfo) guest_note_ = guest_note_of(*vmcoreinfo, contents_.machine.order);
    record_others(list, vmcoreinfo);
}

/// Nobody interprets the notes of a machine that is not x86; only their number is needed.
void Vmcore::count_foreign_cpus(const NoteList& list) {
    const auto notes = std::count_if(list.notes.begin(), list.notes.end(), is_prstatus);
    recorded_notes_.cpu_count = static_cast<uint32_t>(notes);
    if (kdump_ && notes == 0) recorded_notes_.cpu_count = kdump_->header.cpu_count;
    recorded_notes_.vmcoreinfo_apart = contents_.vmcoreinfo_apart;
}

guest::LeftOut Vmcore::left_out() const {
    guest::LeftOut left_out;
    left_out.ranges = contents_.left_out;
    left_out.ranges.insert(left_out.ranges.end(), contents_.missing.begin(),
                           contents_.missing.end());
    left_out.ranges = joined(std::move(left_out.ranges));
    if (contents_.filter) {
        left_out.level = contents_.filter->level;
        left_out.pages_by_class = contents_.filter->pages_by_class;
    }
    if (kdump_) {
        left_out.level = kdump_->header.dump_level;
        left_out.max_mapnr = kdump_->header.max_mapnr;
    }
    return left_out;
}

void Vmcore::lose(const RangeList& ranges) {
    const guest::GuestPhysBlockList whole = std::move(contents_.blocks);
    contents_.blocks = {};
    for (const guest::GpaRange& range : ranges_without(ranges_of(whole), ranges)) {
        const guest::GuestPhysBlockList rest = whole.clip(range);
        for (const guest::GuestPhysBlock& block : rest.view()) contents_.blocks.append(block);
    }
    std::vector<guest::GpaRange> missing = std::move(contents_.missing);
    missing.insert(missing.end(), ranges.begin(), ranges.end());
    contents_.missing = joined(std::move(missing));
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
        registers.efer =
            target_i386::guess_efer(registers, contents_.machine.number, cpus_.empty());
        cpus_.push_back(registers);
    }
    if (recorded) record_cpus(list);
    return {};
}

void Vmcore::record_others(const NoteList& list, const Note* vmcoreinfo) {
    std::vector<guest::RecordedNote>* side = &recorded_notes_.before;
    for (const Note& note : list.notes) {
        if (&note == vmcoreinfo) side = &recorded_notes_.after;
        if (&note == vmcoreinfo || is_written_anew(note, contents_.machine)) continue;
        side->push_back({.name = std::string(note.name),
                         .whole = {note.whole.begin(), note.whole.end()},
                         .descriptor = note.whole.size() - note.descriptor.size()});
    }
}

void Vmcore::record_cpus(const NoteList& list) {
    for (const Note& note : list.notes) {
        if (!is_prstatus(note) || recorded_prstatus_.size() == cpus_.size()) continue;
        recorded_prstatus_.emplace_back(note.descriptor.begin(), note.descriptor.end());
    }
}

/// VirtualBox cores are always files for x86-64; a dump has the machine and class of the guest.
void Vmcore::take_vbox_cpus() {
    cpus_.insert(cpus_.end(), vbox_->cpus.begin(), vbox_->cpus.end());
    if (cpus_.empty()) return;
    const guest::ArchDumpInfo arch = target_i386::dump_info(vbox_->cpus.front(), contents_.blocks);
    contents_.machine = {arch.machine, arch.elf_class, std::endian::little};
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
    const Machine& machine = contents_.machine;
    info.machine = machine.number;
    info.elf_class = machine.elf_class;
    info.byte_order = machine.order;
    info.elf_flags = contents_.elf_flags;
    // A 32-bit kdump file may contain memory above 4 GiB, which 32-bit ELF cannot have.
    // Only x86 has QEMU's rule that even the end of 4 GiB does not fit.
    const uint64_t most = machine.is_x86() ? UINT32_MAX - uint64_t{1} : UINT32_MAX;
    if (!blocks.empty() && blocks.last().value > most) info.elf_class = format::ElfClass::k64;
    // No writer puts 64-bit registers and addresses into 32-bit ELF, but a damaged file may look
    // so.
    if (info.machine == format::kEmX86_64) info.elf_class = format::ElfClass::k64;
    info.page_size = contents_.page_size;
    info.phys_base = contents_.phys_base;
    info.uname_machine =
        contents_.uname_machine.empty() ? uname_of(machine) : contents_.uname_machine;
    return info;
}

}  // namespace guestdump::vmcore
