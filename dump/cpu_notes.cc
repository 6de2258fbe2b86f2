// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/cpu_notes.h"

#include "format/elf.h"
#include "format/vbox_core.h"
#include "util/stored.h"

namespace guestdump::dump {
namespace {

void append_prstatus(const guest::Cpu& cpu, const guest::ArchDumpInfo& arch, uint32_t index,
                     guest::NoteBuilder& out) {
    const guest::Architecture& table = cpu.architecture();
    const auto& recorded = cpu.recorded_prstatus();
    if (!recorded.empty() && table.is_prstatus_of(recorded, arch)) {
        out.append("CORE", format::kNtPrstatus, recorded);
    } else if (table.append_prstatus) {
        table.append_prstatus(cpu, arch, index, out);
    }
}

}  // namespace

void append_cpu_notes(std::span<const guest::Cpu> cpus, const guest::ArchDumpInfo& arch,
                      guest::NoteBuilder& out) {
    for (uint32_t index = 0; index < cpus.size(); ++index)
        append_prstatus(cpus[index], arch, index, out);
    for (const guest::Cpu& cpu : cpus) {
        const auto append = cpu.architecture().append_qemu_note;
        if (append && cpu.recorded_prstatus().empty()) append(cpu, out);
    }
}

void append_vbox_notes(std::span<const guest::Cpu> cpus, guest::NoteBuilder& out) {
    format::VboxCoreDescriptor core;
    core.cpu_count = static_cast<uint32_t>(cpus.size());
    out.append_vbox("VBCORE", format::kNtVboxCore, util::bytes_of(core));
    for (const guest::Cpu& cpu : cpus) {
        const auto append = cpu.architecture().append_vbox_note;
        if (append) append(cpu, out);
    }
}

}  // namespace guestdump::dump
