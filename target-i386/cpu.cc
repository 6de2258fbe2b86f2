// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/cpu.h"

#include "target-i386/interrupt_table.h"
#include "target-i386/notes.h"
#include "target-i386/page_walk.h"
#include "target-i386/translate.h"
#include "target-i386/vbox_note.h"

namespace guestdump::target_i386 {

std::optional<guest::PagingRoot> Cpu::paging_root() const {
    const auto mode = PagingMode::of(registers_, traits_);
    if (!mode) return std::nullopt;
    return guest::PagingRoot{.table = mode->root().value, .mode = mode->identity()};
}

Result<> Cpu::append_mappings(const guest::GuestPhysBlockList& memory,
                              guest::MemoryMappingList& out) const {
    const auto mode = PagingMode::of(registers_, traits_);
    if (!mode) return {};
    return walk_pages(*mode, memory, out);
}

void Cpu::append_prstatus(const guest::ArchDumpInfo& arch, uint32_t index,
                          guest::NoteBuilder& out) const {
    const uint32_t pid = index + 1;  // as QEMU does; 0 would be the idle task
    if (arch.machine == format::kEmX86_64) {
        append_prstatus64(registers_, pid, out);
    } else {
        append_prstatus32(registers_, pid, out);
    }
}

void Cpu::append_qemu_note(guest::NoteBuilder& out) const {
    target_i386::append_qemu_note(registers_, out);
}

void Cpu::append_vbox_note(guest::NoteBuilder& out) const {
    target_i386::append_vbox_note(registers_, out);
}

std::optional<guest::Gpa> Cpu::translate(guest::Gva address,
                                         const guest::GuestPhysBlockList& memory,
                                         std::optional<guest::Gpa> root) const {
    const auto mode = PagingMode::of(registers_, traits_);
    if (!mode) return std::nullopt;
    return target_i386::translate(*mode, root.value_or(mode->root()), address, memory);
}

bool Cpu::paging_is_off() const {
    // A file without control registers leaves them zero; a processor's CR0 never is. [SDM
    // 3A 10.1.1]
    return registers_.cr0 != 0 && (registers_.cr0 & kCr0Paging) == 0;
}

std::optional<guest::Gva> Cpu::first_handler(const guest::GuestPhysBlockList& memory) const {
    const std::optional<guest::Gpa> table =
        translate(guest::Gva{registers_.idt.base}, memory, std::nullopt);
    if (!table) return std::nullopt;
    return first_gate(*table, (registers_.efer & kEferLongModeActive) != 0, memory);
}

}  // namespace guestdump::target_i386
