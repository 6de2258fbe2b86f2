// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/notes.h"

#include <algorithm>
#include <cstring>

#include "target-i386/note_format.h"
#include "util/stored.h"

namespace guestdump::target_i386 {
namespace {

uint32_t low_half(uint64_t value) {
    return static_cast<uint32_t>(value);
}

QemuSegment stored(const SegmentRegister& segment) {
    return {.selector = segment.selector,
            .limit = segment.limit,
            .flags = segment.flags,
            .base = segment.base};
}

QemuSegment stored(const TableRegister& table) {
    return {.selector = 0u, .limit = table.limit, .flags = 0u, .base = table.base};
}

SegmentRegister segment_of(const QemuSegment& segment) {
    return {.selector = static_cast<uint16_t>(segment.selector),
            .base = segment.base,
            .limit = segment.limit,
            .flags = segment.flags};
}

TableRegister table_of(const QemuSegment& segment) {
    return {.base = segment.base, .limit = segment.limit};
}

void store_segments(const Registers& registers, QemuCpuState& state) {
    state.cs = stored(registers.cs);
    state.ds = stored(registers.ds);
    state.es = stored(registers.es);
    state.fs = stored(registers.fs);
    state.gs = stored(registers.gs);
    state.ss = stored(registers.ss);
    state.ldt = stored(registers.ldt);
    state.tr = stored(registers.tr);
    state.gdt = stored(registers.gdt);
    state.idt = stored(registers.idt);
}

void load_segments(const QemuCpuState& state, Registers& registers) {
    registers.cs = segment_of(state.cs);
    registers.ds = segment_of(state.ds);
    registers.es = segment_of(state.es);
    registers.fs = segment_of(state.fs);
    registers.gs = segment_of(state.gs);
    registers.ss = segment_of(state.ss);
    registers.ldt = segment_of(state.ldt);
    registers.tr = segment_of(state.tr);
    registers.gdt = table_of(state.gdt);
    registers.idt = table_of(state.idt);
}

QemuCpuState stored(const Registers& registers) {
    QemuCpuState state;
    state.size = sizeof(QemuCpuState);
    state.rax = registers.rax;
    state.rbx = registers.rbx;
    state.rcx = registers.rcx;
    state.rdx = registers.rdx;
    state.rsi = registers.rsi;
    state.rdi = registers.rdi;
    state.rsp = registers.rsp;
    state.rbp = registers.rbp;
    std::copy(registers.r8_to_r15.begin(), registers.r8_to_r15.end(), state.r8_to_r15);
    state.rip = registers.rip;
    state.rflags = registers.rflags;
    store_segments(registers, state);
    state.cr[0] = registers.cr0;
    state.cr[2] = registers.cr2;
    state.cr[3] = registers.cr3;
    state.cr[4] = registers.cr4;
    state.kernel_gs_base = registers.kernel_gs_base;
    return state;
}

Registers registers_of(const QemuCpuState& state) {
    Registers registers;
    registers.rax = state.rax;
    registers.rbx = state.rbx;
    registers.rcx = state.rcx;
    registers.rdx = state.rdx;
    registers.rsi = state.rsi;
    registers.rdi = state.rdi;
    registers.rsp = state.rsp;
    registers.rbp = state.rbp;
    std::copy(std::begin(state.r8_to_r15), std::end(state.r8_to_r15), registers.r8_to_r15.begin());
    registers.rip = state.rip;
    registers.rflags = state.rflags;
    load_segments(state, registers);
    registers.cr0 = state.cr[0];
    registers.cr2 = state.cr[2];
    registers.cr3 = state.cr[3];
    registers.cr4 = state.cr[4];
    registers.kernel_gs_base = state.kernel_gs_base;
    return registers;
}

Registers registers_of(const Prstatus64& status) {
    Registers registers;
    registers.rax = status.rax;
    registers.rbx = status.rbx;
    registers.rcx = status.rcx;
    registers.rdx = status.rdx;
    registers.rsi = status.rsi;
    registers.rdi = status.rdi;
    registers.rsp = status.rsp;
    registers.rbp = status.rbp;
    registers.r8_to_r15 = {status.r8,  status.r9,  status.r10, status.r11,
                           status.r12, status.r13, status.r14, status.r15};
    registers.rip = status.rip;
    registers.rflags = status.rflags;
    registers.cs.selector = static_cast<uint16_t>(status.cs);
    registers.ds.selector = static_cast<uint16_t>(status.ds);
    registers.es.selector = static_cast<uint16_t>(status.es);
    registers.fs = {.selector = static_cast<uint16_t>(status.fs), .base = status.fs_base};
    registers.gs = {.selector = static_cast<uint16_t>(status.gs), .base = status.gs_base};
    registers.ss.selector = static_cast<uint16_t>(status.ss);
    return registers;
}

Registers registers_of(const Prstatus32& status) {
    Registers registers;
    registers.rax = status.eax;
    registers.rbx = status.ebx;
    registers.rcx = status.ecx;
    registers.rdx = status.edx;
    registers.rsi = status.esi;
    registers.rdi = status.edi;
    registers.rsp = status.esp;
    registers.rbp = status.ebp;
    registers.rip = status.eip;
    registers.rflags = status.eflags;
    registers.cs.selector = static_cast<uint16_t>(status.cs);
    registers.ds.selector = static_cast<uint16_t>(status.ds);
    registers.es.selector = static_cast<uint16_t>(status.es);
    registers.fs.selector = static_cast<uint16_t>(status.fs);
    registers.gs.selector = static_cast<uint16_t>(status.gs);
    registers.ss.selector = static_cast<uint16_t>(status.ss);
    return registers;
}

/// The structure at the start of @bytes. If @bytes is shorter, the rest is zero.
template <class T>
T load(std::span<const std::byte> bytes) {
    T object{};
    std::memcpy(&object, bytes.data(), std::min(bytes.size(), sizeof(T)));
    return object;
}

}  // namespace

void append_prstatus64(const Registers& registers, uint32_t pid, guest::NoteBuilder& out) {
    const auto& r = registers.r8_to_r15;
    Prstatus64 status;
    status.pid = pid;
    status.r15 = r[7];
    status.r14 = r[6];
    status.r13 = r[5];
    status.r12 = r[4];
    status.rbp = registers.rbp;
    status.rbx = registers.rbx;
    status.r11 = r[3];
    status.r10 = r[2];
    status.r9 = r[1];
    status.r8 = r[0];
    status.rax = registers.rax;
    status.rcx = registers.rcx;
    status.rdx = registers.rdx;
    status.rsi = registers.rsi;
    status.rdi = registers.rdi;
    status.rip = registers.rip;
    status.cs = uint64_t{registers.cs.selector};
    status.rflags = registers.rflags;
    status.rsp = registers.rsp;
    status.ss = uint64_t{registers.ss.selector};
    status.fs_base = registers.fs.base;
    status.gs_base = registers.gs.base;
    status.ds = uint64_t{registers.ds.selector};
    status.es = uint64_t{registers.es.selector};
    status.fs = uint64_t{registers.fs.selector};
    status.gs = uint64_t{registers.gs.selector};
    out.append("CORE", kNtPrstatus, util::bytes_of(status));
}

void append_prstatus32(const Registers& registers, uint32_t pid, guest::NoteBuilder& out) {
    Prstatus32 status;
    status.pid = pid;
    status.ebx = low_half(registers.rbx);
    status.ecx = low_half(registers.rcx);
    status.edx = low_half(registers.rdx);
    status.esi = low_half(registers.rsi);
    status.edi = low_half(registers.rdi);
    status.ebp = low_half(registers.rbp);
    status.eax = low_half(registers.rax);
    status.ds = registers.ds.selector;
    status.es = registers.es.selector;
    status.fs = registers.fs.selector;
    status.gs = registers.gs.selector;
    status.eip = low_half(registers.rip);
    status.cs = registers.cs.selector;
    status.eflags = low_half(registers.rflags);
    status.esp = low_half(registers.rsp);
    status.ss = registers.ss.selector;
    out.append("CORE", kNtPrstatus, util::bytes_of(status));
}

void append_qemu_note(const Registers& registers, guest::NoteBuilder& out) {
    out.append("QEMU", kNtQemuCpuState, util::bytes_of(stored(registers)));
}

Result<Registers> parse_qemu_note(std::span<const std::byte> descriptor) {
    if (descriptor.size() < kQemuCpuStateOldSize) {
        return Error::make("the QEMU note has %zu bytes, at least %u are needed", descriptor.size(),
                           kQemuCpuStateOldSize);
    }
    const auto state = load<QemuCpuState>(descriptor);
    if (state.version != kQemuCpuStateVersion) {
        return Error::make("the QEMU note has version %u, only %u is known",
                           uint32_t{state.version}, kQemuCpuStateVersion);
    }
    if (state.size < kQemuCpuStateOldSize || state.size > descriptor.size()) {
        return Error::make("the QEMU note says that it has %u bytes, but it has %zu",
                           uint32_t{state.size}, descriptor.size());
    }
    return registers_of(load<QemuCpuState>(descriptor.first(state.size)));
}

Result<Registers> parse_prstatus(std::span<const std::byte> descriptor) {
    if (descriptor.size() == sizeof(Prstatus64)) return registers_of(load<Prstatus64>(descriptor));
    if (descriptor.size() == sizeof(Prstatus32)) return registers_of(load<Prstatus32>(descriptor));
    return Error::make("the NT_PRSTATUS note has %zu bytes, x86-64 has %zu and i386 %zu",
                       descriptor.size(), sizeof(Prstatus64), sizeof(Prstatus32));
}

}  // namespace guestdump::target_i386
