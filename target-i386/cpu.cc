// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/cpu.h"

#include "format/elf.h"
#include "target-i386/address_spaces.h"
#include "target-i386/execution.h"
#include "target-i386/interrupt_table.h"
#include "target-i386/kernel_pointers.h"
#include "target-i386/notes.h"
#include "target-i386/paging_mode.h"
#include "target-i386/translate.h"
#include "target-i386/vbox_note.h"

namespace guestdump::target_i386 {
namespace {

const CpuState& state_of(const guest::Cpu& cpu) {
    return static_cast<const CpuState&>(cpu.registers());
}

std::optional<PagingMode> mode_of(const guest::Cpu& cpu) {
    return PagingMode::of(state_of(cpu).registers, state_of(cpu).traits);
}

void append_prstatus(const guest::Cpu& cpu, const guest::ArchDumpInfo& info, uint32_t index,
                     guest::NoteBuilder& out) {
    const uint32_t pid = index + 1;  // as QEMU does; 0 would be the idle task
    if (info.machine == format::kEmX86_64) {
        append_prstatus64(registers_of(cpu), pid, out);
    } else {
        append_prstatus32(registers_of(cpu), pid, out);
    }
}

void append_qemu(const guest::Cpu& cpu, guest::NoteBuilder& out) {
    append_qemu_note(registers_of(cpu), out);
}

void append_vbox(const guest::Cpu& cpu, guest::NoteBuilder& out) {
    append_vbox_note(registers_of(cpu), out);
}

bool is_prstatus_of(std::span<const std::byte> descriptor, const guest::ArchDumpInfo& info) {
    const bool wants64 = info.machine == format::kEmX86_64;
    return descriptor.size() == (wants64 ? kPrstatusSize64 : kPrstatusSize32);
}

Result<size_t> append_mappings(std::span<const guest::Cpu> cpus, const guest::PageSource& memory,
                               const util::Cancellation& cancellation,
                               guest::MemoryMappingList& out) {
    AddressSpaces spaces(memory, cancellation);
    for (const guest::Cpu& cpu : cpus) {
        const std::optional<PagingMode> mode = mode_of(cpu);
        if (mode) TRY(spaces.walk(*mode, out));
    }
    return spaces.count();
}

std::optional<guest::Gpa> translate_address(const guest::Cpu& cpu, guest::Gva address,
                                            const guest::PageSource& memory,
                                            std::optional<guest::Gpa> root) {
    const std::optional<PagingMode> mode = mode_of(cpu);
    if (!mode) return std::nullopt;
    return translate(*mode, root.value_or(mode->root()), address, memory);
}

bool paging_is_off(const guest::Cpu& cpu) {
    // In a file without control registers CR0 is zero; a processor's CR0 never is. [SDM 3A 10.1.1]
    const uint64_t cr0 = registers_of(cpu).cr0;
    return cr0 != 0 && (cr0 & kCr0Paging) == 0;
}

std::optional<guest::Gva> first_handler(const guest::Cpu& cpu, const guest::PageSource& memory) {
    const Registers& registers = registers_of(cpu);
    const std::optional<guest::Gpa> table =
        translate_address(cpu, guest::Gva{registers.idt.base}, memory, std::nullopt);
    if (!table) return std::nullopt;
    return first_gate(*table, (registers.efer & kEferLongModeActive) != 0, memory);
}

std::optional<guest::PageTables> page_tables(const guest::Cpu& cpu) {
    const std::optional<PagingMode> mode = mode_of(cpu);
    if (!mode) return std::nullopt;
    return mode->tables();
}

guest::KernelPointers pointers_of(const guest::Cpu& cpu, const guest::PageTables& tables,
                                  const guest::PageSource& memory) {
    return kernel_pointers(registers_of(cpu), tables, memory);
}

std::optional<guest::Execution> execution(const guest::Cpu& cpu) {
    return execution_of(registers_of(cpu));
}

}  // namespace

const guest::Architecture kArchitecture = {
    .name = "x86",
    .append_prstatus = append_prstatus,
    .append_qemu_note = append_qemu,
    .append_vbox_note = append_vbox,
    .is_prstatus_of = is_prstatus_of,
    .append_mappings = append_mappings,
    .translate = translate_address,
    .paging_is_off = paging_is_off,
    .first_handler = first_handler,
    .page_tables = page_tables,
    .walk = walk_tables,
    .kernel_pointers = pointers_of,
    .execution = execution,
};

guest::Cpu make_cpu(const Registers& registers, const PagingTraits& traits) {
    return {kArchitecture, std::make_shared<const CpuState>(registers, traits)};
}

const Registers& registers_of(const guest::Cpu& cpu) {
    return state_of(cpu).registers;
}

}  // namespace guestdump::target_i386
