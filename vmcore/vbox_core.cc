// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/vbox_core.h"

#include <algorithm>
#include <cstring>

#include "format/vbox_core.h"
#include "target-i386/vbox_note.h"

namespace guestdump::vmcore {

namespace {

bool is_core(const Note& note) {
    return note.name == "VBCORE";
}
bool is_cpu(const Note& note) {
    return note.name == "VBCPU";
}

Result<format::VboxCoreDescriptor> descriptor_of(const Note& note) {
    format::VboxCoreDescriptor core;
    if (note.descriptor.size() < sizeof core) {
        return Error::make("the VBCORE note has %zu bytes, at least %zu are needed",
                           note.descriptor.size(), sizeof core);
    }
    std::memcpy(&core, note.descriptor.data(), sizeof core);
    if (core.magic != format::kVboxMagic) {
        return Error::make("the VBCORE note's magic is 0x%08x, 0x%08x is needed",
                           uint32_t{core.magic}, format::kVboxMagic);
    }
    return core;
}

}  // namespace

bool is_vbox_note(const Note& note) {
    return is_core(note) || is_cpu(note);
}

Result<std::optional<VboxCore>> read_vbox_core(const NoteList& list) {
    // A VBCORE note in any other place comes from the guest, if the writer lets guests name notes.
    if (list.notes.empty() || !is_core(list.notes.front())) return std::optional<VboxCore>();
    const format::VboxCoreDescriptor descriptor = TRY(descriptor_of(list.notes.front()));
    TRY(target_i386::check_vbox_format(descriptor.format));
    VboxCore core{.format = descriptor.format,
                  .vbox_version = descriptor.vbox_version,
                  .vbox_revision = descriptor.vbox_revision,
                  .cpu_count = descriptor.cpu_count,
                  .cpus = {}};
    for (const Note& note : list.notes) {
        if (!is_cpu(note)) continue;
        auto registers = target_i386::parse_vbox_note(note.descriptor, core.format);
        if (!registers) {
            return std::move(registers).take_error().while_("vCPU %zu", core.cpus.size());
        }
        core.cpus.push_back(std::move(registers).take());
    }
    return std::optional(std::move(core));
}

}  // namespace guestdump::vmcore
