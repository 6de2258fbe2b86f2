// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/snapshot.h"

#include <algorithm>

#include "dump/cpu_notes.h"
#include "dump/elf/program_mappings.h"
#include "dump/selection.h"
#include "linux/guest_utsname.h"
#include "linux/kernel_image.h"
#include "linux/vmcoreinfo_search.h"

namespace guestdump::dump {
namespace {

/// Linux's own words, as the guest hands them over where it has a way to.
guest::GuestNote note_of(const linux_guest::Vmcoreinfo& vmcoreinfo) {
    guest::NoteBuilder note;
    note.append("VMCOREINFO", 0, std::as_bytes(std::span(vmcoreinfo.text())));
    return std::move(note).take();
}

/// What the guest has handed over, or else what its memory says, if @request wants that looked for.
std::optional<guest::GuestNote> guest_note(const Capture& capture, const Request& request,
                                           const util::Cancellation& cancellation) {
    if (capture.note || !request.find_vmcoreinfo) return capture.note;
    const auto found = linux_guest::find_vmcoreinfo({.memory = *capture.memory,
                                                     .arch = capture.arch,
                                                     .cpus = capture.cpus,
                                                     .threads = thread_count(request.threads),
                                                     .cancellation = cancellation});
    if (!found) return std::nullopt;
    return note_of(found->vmcoreinfo);
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

Result<guest::MemoryMappings> elf_mappings(const Capture& capture, const Snapshot& snapshot,
                                           const ElfRequest& request,
                                           const util::Cancellation& cancellation) {
    if (request.paging) {
        return paging_mappings(capture.cpus, {.memory = *snapshot.memory,
                                              .dumped = snapshot.blocks,
                                              .elf_class = snapshot.arch.elf_class,
                                              .most_mappings = request.most_mappings,
                                              .cancellation = cancellation});
    }
    if (!snapshot.vmcoreinfo) return simple_mappings(snapshot.blocks);
    return simple_mappings(snapshot.blocks,
                           linux_guest::kernel_image(*snapshot.vmcoreinfo, snapshot.arch,
                                                     capture.cpus, *snapshot.memory));
}

Result<guest::MemoryMappings> mappings_for(const Capture& capture, const Snapshot& snapshot,
                                           const Request& request,
                                           const util::Cancellation& cancellation) {
    if (const ElfRequest* elf = request.elf())
        return elf_mappings(capture, snapshot, *elf, cancellation);
    if (request.vbox())
        return vbox_mappings(snapshot.memory->blocks(), snapshot.blocks, request.only);
    return simple_mappings(snapshot.blocks);
}

guest::Utsname utsname_of(const Capture& capture, const Snapshot& snapshot) {
    guest::Utsname found = linux_guest::guest_utsname(
        snapshot.vmcoreinfo.value_or(linux_guest::Vmcoreinfo("")), snapshot.arch, *snapshot.memory);
    if (!capture.recorded_utsname) return found;
    return linux_guest::completed(std::move(found), *capture.recorded_utsname);
}

}  // namespace

Result<Snapshot> Snapshot::prepare(const Capture& capture, const Request& request,
                                   const util::Cancellation& cancellation) {
    Snapshot snapshot;
    snapshot.memory = capture.memory;
    snapshot.arch = capture.arch;
    snapshot.cpu_count = static_cast<uint32_t>(capture.cpus.size());
    Selection selection =
        TRY(Selection::of(snapshot.memory->blocks(), request, snapshot.arch.page_size));
    snapshot.pages = std::move(selection.pages);
    snapshot.blocks = std::move(selection.blocks);

    guest::NoteBuilder notes;
    if (request.vbox()) {
        append_vbox_notes(capture.cpus, notes);
    } else {
        append_cpu_notes(capture.cpus, snapshot.arch, notes);
    }
    if (const auto note = guest_note(capture, request, cancellation))
        append_guest_note(*note, notes, snapshot);
    TRY(cancellation.check());
    snapshot.notes = std::move(notes).take();
    if (request.kdump()) snapshot.utsname = utsname_of(capture, snapshot);

    if (request.vbox()) {
        // Whatever mode the guest is in; the vCPUs' notes record it.
        snapshot.arch.machine = format::kEmX86_64;
        snapshot.arch.elf_class = format::ElfClass::k64;
    }
    snapshot.mappings = TRY(mappings_for(capture, snapshot, request, cancellation));
    return snapshot;
}

Result<Snapshot> Snapshot::take(const guest::Guest& guest, const Request& request) {
    const Capture capture = TRY(Capture::of(guest));
    return prepare(capture, request, util::Cancellation());
}

}  // namespace guestdump::dump
