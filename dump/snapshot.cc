// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/snapshot.h"

#include <algorithm>

#include "dump/cpu_notes.h"
#include "dump/elf/program_mappings.h"
#include "dump/filter_note.h"
#include "dump/live_note.h"
#include "dump/page_filter.h"
#include "dump/selection.h"
#include "format/kdump.h"
#include "linux/guest_utsname.h"
#include "linux/idt_handler.h"
#include "linux/kernel_image.h"
#include "linux/vmcoreinfo_search.h"

namespace guestdump::dump {
namespace {

/// Wraps VMCOREINFO in the note that a guest hands over if the machine has a device for it.
guest::GuestNote note_of(const linux_guest::Vmcoreinfo& vmcoreinfo) {
    guest::NoteBuilder note;
    note.append("VMCOREINFO", 0, std::as_bytes(std::span(vmcoreinfo.text())));
    return std::move(note).take();
}

bool is_vmcoreinfo(const std::optional<guest::GuestNote>& note) {
    const auto view =
        note ? linux_guest::parse_note(*note) : Result<linux_guest::NoteView>(Error::make("none"));
    return view && view->name == "VMCOREINFO";
}

/// VMCOREINFO that was found in guest memory, as a note. Empty if @request does not want it, or if
/// there is none. @snapshot gets its address.
std::optional<guest::GuestNote> found_note(const linux_guest::SearchScope& scope,
                                           const Capture& capture, const Request& request,
                                           Snapshot& snapshot) {
    const bool has_one = is_vmcoreinfo(capture.note) && !request.replace_vmcoreinfo;
    if (has_one || !request.find_vmcoreinfo) return std::nullopt;
    const auto found = linux_guest::find_vmcoreinfo(scope);
    if (!found) return std::nullopt;
    snapshot.vmcoreinfo_at = found->address;
    return note_of(found->vmcoreinfo);
}

void append_recorded(const std::vector<guest::RecordedNote>& recorded, guest::NoteBuilder& notes,
                     Snapshot& snapshot) {
    for (const guest::RecordedNote& note : recorded) {
        if (note.name == "ERASEINFO") {
            snapshot.erase_info_part = {notes.size() + note.descriptor,
                                        note.whole.size() - note.descriptor};
        }
        notes.append_raw(note.whole);
    }
}

/// A bad guest note is only a warning: the guest wrote it, and its memory is worth saving anyway.
void append_guest_note(const guest::GuestNote& note, const Capture& capture,
                       guest::NoteBuilder& notes, Snapshot& snapshot) {
    const Result<linux_guest::NoteView> view = linux_guest::parse_note(note);
    if (!view) {
        snapshot.warnings.push_back("Invalid guest note header: " + view.error().message());
        return;
    }
    const uint64_t start = notes.size();
    if (snapshot.arch.byte_order == std::endian::little) {
        notes.append_raw(view->whole);
    } else {
        notes.append(view->name, view->type, view->descriptor);
    }
    if (view->name != "VMCOREINFO") return;
    const std::span<const std::byte> text = view->descriptor;
    snapshot.vmcoreinfo_part = {start + view->descriptor_offset, text.size()};
    snapshot.vmcoreinfo.emplace(
        std::string(reinterpret_cast<const char*>(text.data()), text.size()));
    if (!snapshot.arch.is_x86()) return;
    const auto handlers = linux_guest::idt_handlers(capture.cpus, *capture.memory);
    const auto phys_base = linux_guest::phys_base_of(*snapshot.vmcoreinfo, handlers, snapshot.arch);
    if (phys_base) snapshot.arch.phys_base = *phys_base;
}

/// Adds the notes that describe no vCPU: those of the guest's file, and VMCOREINFO at its place
/// among them.
Result<> append_other_notes(const Capture& capture, const Request& request,
                            const util::Cancellation& cancellation, guest::NoteBuilder& notes,
                            Snapshot& snapshot) {
    const linux_guest::SearchScope scope{.memory = *capture.memory,
                                         .arch = capture.arch,
                                         .cpus = capture.cpus,
                                         .threads = thread_count(request.threads),
                                         .cancellation = cancellation};
    const auto found = found_note(scope, capture, request, snapshot);
    TRY(cancellation.check());
    append_recorded(capture.recorded_notes.before, notes, snapshot);
    if (capture.recorded_notes.vmcoreinfo_apart) snapshot.kdump_note_size = notes.size();
    // A note of another kind does not replace VMCOREINFO.
    if (capture.note && !(found && is_vmcoreinfo(capture.note)))
        append_guest_note(*capture.note, capture, notes, snapshot);
    if (found) append_guest_note(*found, capture, notes, snapshot);
    append_recorded(capture.recorded_notes.after, notes, snapshot);
    if (found || !snapshot.vmcoreinfo) return {};
    if (const auto why = linux_guest::contradiction(*snapshot.vmcoreinfo, scope)) {
        snapshot.warnings.push_back("VMCOREINFO contradicts the guest: " + *why +
                                    "; --find-vmcoreinfo=always searches memory for another");
    }
    return {};
}

/// Errors: @request needs registers or page tables, and the architecture is not known here.
Result<> check_architecture(const Capture& capture, const Request& request) {
    if (capture.arch.is_x86()) return {};
    const bool paging = request.elf() && request.elf()->paging;
    if (!paging && !request.vbox()) return {};
    const std::string& machine = capture.arch.uname_machine;
    return Error::make("%s is for x86 guests only, the machine of this one is %s",
                       paging ? "paging" : "a VirtualBox core",
                       machine.empty() ? "unknown" : machine.c_str());
}

/// One more than the last page of @pages, which are not empty.
uint64_t end_of(const guest::PageSet& pages) {
    return pages.select(pages.count() - 1) + 1;
}

/// If the guest's file records no level, the value that QEMU and makedumpfile -d 1 write, although
/// the file contains all zero pages. If pages are missing, it is never 1: otherwise readers would
/// take them for zero.
uint32_t dump_level_of(const Capture& capture, const Snapshot& snapshot) {
    const bool is_whole = capture.left_out.ranges.empty() &&
                          snapshot.blocks.total_bytes() == capture.memory->blocks().total_bytes();
    const uint32_t level = capture.left_out.level.value_or(format::kDumpLevelExcludeZero);
    return level == format::kDumpLevelExcludeZero && !is_whole ? 0 : level;
}

std::optional<guest::MemoryMapping> image_of(const Capture& capture, const Snapshot& snapshot) {
    if (!snapshot.vmcoreinfo) return std::nullopt;
    return linux_guest::kernel_image(*snapshot.vmcoreinfo, snapshot.arch, capture.cpus,
                                     *snapshot.memory);
}

/// The kernel's top table, which page-table isolation hides from user mode; 0 if it is not known.
guest::Gva top_table(const Snapshot& snapshot) {
    if (!snapshot.vmcoreinfo) return {};
    return guest::Gva{snapshot.vmcoreinfo->symbol("swapper_pg_dir").value_or(0)};
}

Result<guest::MemoryMappings> elf_mappings(const Capture& capture, const Snapshot& snapshot,
                                           const ElfRequest& request,
                                           const util::Cancellation& cancellation) {
    const auto image = image_of(capture, snapshot);
    const MemoryPieces pieces = pieces_of(snapshot.blocks, snapshot.left_out, snapshot.zero);
    if (request.paging) {
        return paging_mappings(capture.cpus, {.memory = *snapshot.memory,
                                              .pieces = pieces,
                                              .elf_class = snapshot.arch.elf_class,
                                              .most_mappings = request.most_mappings,
                                              .cancellation = cancellation,
                                              .image = image,
                                              .in_image = top_table(snapshot)});
    }
    return simple_mappings(pieces, image);
}

/// All memory of the guest, whether its contents are known or not.
guest::RangeList all_ranges(const Capture& capture) {
    guest::RangeList all = ranges_of(capture.memory->blocks());
    all.insert(all.end(), capture.left_out.ranges.begin(), capture.left_out.ranges.end());
    return joined(std::move(all));
}

Result<guest::MemoryMappings> mappings_for(const Capture& capture, const Snapshot& snapshot,
                                           const Request& request,
                                           const util::Cancellation& cancellation) {
    if (const ElfRequest* elf = request.elf())
        return elf_mappings(capture, snapshot, *elf, cancellation);
    if (request.vbox())
        return vbox_mappings(all_ranges(capture),
                             pieces_of(snapshot.blocks, snapshot.left_out, snapshot.zero),
                             request.only);
    return guest::MemoryMappings();  // kdump files have none
}

guest::Utsname utsname_of(const Capture& capture, const Snapshot& snapshot) {
    guest::Utsname found = linux_guest::guest_utsname(
        snapshot.vmcoreinfo.value_or(linux_guest::Vmcoreinfo("")), snapshot.arch, *snapshot.memory);
    if (!capture.recorded_utsname) return found;
    return linux_guest::completed(std::move(found), *capture.recorded_utsname);
}

}  // namespace

Result<Snapshot> Snapshot::prepare(const Capture& capture, const Request& request,
                                   const util::Cancellation& cancellation, const Judged& judged) {
    Snapshot snapshot;
    snapshot.memory = capture.memory;
    snapshot.arch = capture.arch;
    TRY(check_architecture(capture, request));
    snapshot.cpu_count =
        static_cast<uint32_t>(capture.cpus.size()) + capture.recorded_notes.cpu_count;
    Selection selection = TRY(Selection::of(snapshot.memory->blocks(), capture.left_out.ranges,
                                            request, snapshot.arch.page_size));
    snapshot.pages = std::move(selection.pages);
    snapshot.existing = std::move(selection.existing);
    snapshot.blocks = std::move(selection.blocks);
    snapshot.left_out = std::move(selection.left_out);
    snapshot.max_mapnr = std::max(capture.left_out.max_mapnr, end_of(snapshot.existing));
    snapshot.dump_level = dump_level_of(capture, snapshot);
    snapshot.left_out_by_class = capture.left_out.pages_by_class;

    guest::NoteBuilder notes(snapshot.arch.byte_order);
    if (request.vbox()) {
        append_vbox_notes(capture.cpus, notes);
    } else {
        append_cpu_notes(capture.cpus, snapshot.arch, notes);
    }
    TRY(append_other_notes(capture, request, cancellation, notes, snapshot));
    TRY(cancellation.check());
    TRY(leave_out_pages(capture, request, cancellation, judged, snapshot));
    append_filter_note(snapshot, request, notes);
    if (capture.moment) append_live_note(*capture.moment, notes);
    TRY(cancellation.check());
    snapshot.notes = std::move(notes).take();
    if (!capture.recorded_notes.vmcoreinfo_apart) snapshot.kdump_note_size = snapshot.notes.size();
    if (request.kdump()) snapshot.utsname = utsname_of(capture, snapshot);

    if (request.vbox()) {
        // In every mode of the guest; the vCPUs' notes contain the mode.
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
