// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/snapshot.h"

#include <algorithm>

#include "dump/elf/program_mappings.h"
#include "format/vbox_core.h"
#include "linux/kernel_image.h"
#include "linux/vmcoreinfo_search.h"

namespace guestdump::dump {
namespace {

/// All PRSTATUS notes first, then all QEMU notes: QEMU's order, which readers know.
void append_cpu_notes(const std::vector<const guest::Cpu*>& cpus, const guest::ArchDumpInfo& arch,
                      guest::NoteBuilder& notes) {
    for (uint32_t index = 0; index < cpus.size(); ++index) {
        cpus[index]->append_prstatus(arch, index, notes);
    }
    for (const guest::Cpu* cpu : cpus) cpu->append_qemu_note(notes);
}

/// The notes that a VirtualBox core begins with.
void append_vbox_notes(const std::vector<const guest::Cpu*>& cpus, guest::NoteBuilder& notes) {
    format::VboxCoreDescriptor core;
    core.cpu_count = static_cast<uint32_t>(cpus.size());
    notes.append_vbox("VBCORE", format::kNtVboxCore, util::bytes_of(core));
    for (const guest::Cpu* cpu : cpus) cpu->append_vbox_note(notes);
}

/// Linux's own words, as the guest hands them over where it has a way to.
guest::GuestNote note_of(const linux_guest::Vmcoreinfo& vmcoreinfo) {
    guest::NoteBuilder note;
    note.append("VMCOREINFO", 0, std::as_bytes(std::span(vmcoreinfo.text())));
    return std::move(note).take();
}

/// What the guest has handed over, or else what its memory says, where @request wants it looked
/// for.
std::optional<guest::GuestNote> guest_note(const guest::Guest& guest,
                                           const std::vector<const guest::Cpu*>& cpus,
                                           const Snapshot& snapshot, const Request& request) {
    std::optional<guest::GuestNote> note = guest.guest_note();
    if (note || !finds_vmcoreinfo(request)) return note;
    const auto found = linux_guest::find_vmcoreinfo(snapshot.memory, snapshot.arch, cpus,
                                                    thread_count(threads_of(request)));
    if (found) note = note_of(found->vmcoreinfo);
    return note;
}

/// A bad guest note is a warning: the guest wrote it, and its memory is worth saving all the same.
void append_guest_note(const guest::GuestNote& note, guest::NoteBuilder& notes,
                       Snapshot& snapshot) {
    const Result<linux_guest::NoteView> view = linux_guest::parse_note(note);
    if (!view) {
        snapshot.warnings.push_back("Invalid guest note header: " + view.error().message());
        return;
    }
    const uint64_t start = notes.size();
    notes.append_raw(view->whole);
    if (view->name != "VMCOREINFO") return;
    const std::span<const std::byte> text = view->descriptor;
    snapshot.vmcoreinfo_part = {start + view->descriptor_offset, text.size()};
    snapshot.vmcoreinfo.emplace(
        std::string(reinterpret_cast<const char*>(text.data()), text.size()));
    if (const auto phys_base = snapshot.vmcoreinfo->number("phys_base")) {
        snapshot.arch.phys_base = guest::Gpa{*phys_base};
    }
}

Result<guest::MemoryMappings> elf_mappings(const std::vector<const guest::Cpu*>& cpus,
                                           const Snapshot& snapshot, const ElfRequest& request) {
    if (request.paging) {
        return paging_mappings(cpus, {.all = snapshot.memory,
                                      .dumped = snapshot.blocks,
                                      .elf_class = snapshot.arch.elf_class,
                                      .most_mappings = request.most_mappings});
    }
    if (!snapshot.vmcoreinfo) return simple_mappings(snapshot.blocks);
    return simple_mappings(
        snapshot.blocks,
        linux_guest::kernel_image(*snapshot.vmcoreinfo, snapshot.arch, cpus, snapshot.memory));
}

Result<guest::MemoryMappings> mappings_for(const std::vector<const guest::Cpu*>& cpus,
                                           const Snapshot& snapshot, const Request& request) {
    if (const auto* elf = std::get_if<ElfRequest>(&request)) {
        return elf_mappings(cpus, snapshot, *elf);
    }
    if (const auto* vbox = std::get_if<VboxRequest>(&request)) {
        return vbox_mappings(snapshot.memory, snapshot.blocks, vbox->only);
    }
    return simple_mappings(snapshot.blocks);
}

/// The part of memory that @request wants. A kdump file is made of pages: one that the range
/// touches is in it with all its bytes.
guest::GuestPhysBlockList wanted_blocks(const guest::GuestPhysBlockList& memory,
                                        const Request& request, uint64_t page_size) {
    const std::optional<guest::GpaRange> only = range_of(request);
    if (!only) return memory;
    if (!std::holds_alternative<KdumpRequest>(request)) return memory.clip(*only);
    const uint64_t first = only->start.value / page_size * page_size;
    const uint64_t last = only->last() | (page_size - 1);
    return memory.clip(
        guest::GpaRange{guest::Gpa{first}, std::min(last - first, UINT64_MAX - 1) + 1});
}

}  // namespace

Result<Snapshot> Snapshot::take(const guest::Guest& guest, const Request& request) {
    Snapshot snapshot;
    snapshot.memory = guest.blocks();
    // Of all memory, whatever part is dumped: a dump of one byte has the class of the whole.
    snapshot.arch = TRY(guest.arch_info(snapshot.memory));
    snapshot.blocks = wanted_blocks(snapshot.memory, request, snapshot.arch.page_size);
    if (snapshot.blocks.empty()) return Error::make("dump: no guest memory to dump");

    const std::vector<const guest::Cpu*> cpus = guest.cpus();
    snapshot.cpu_count = static_cast<uint32_t>(cpus.size());

    guest::NoteBuilder notes;
    const bool is_vbox = std::holds_alternative<VboxRequest>(request);
    if (is_vbox) {
        append_vbox_notes(cpus, notes);
    } else {
        append_cpu_notes(cpus, snapshot.arch, notes);
    }
    if (const auto note = guest_note(guest, cpus, snapshot, request))
        append_guest_note(*note, notes, snapshot);
    snapshot.notes = std::move(notes).take();
    snapshot.recorded_utsname = guest.recorded_utsname();

    if (is_vbox) {
        // Whatever mode the guest is in; the vCPUs' notes tell it.
        snapshot.arch.machine = format::kEmX86_64;
        snapshot.arch.elf_class = format::ElfClass::k64;
    }
    snapshot.mappings = TRY(mappings_for(cpus, snapshot, request));
    return snapshot;
}

}  // namespace guestdump::dump
