// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/kvm/kvm_registers.h"

#include <linux/kvm.h>

#include "target-i386/segment_flags.h"

namespace guestdump::vm {
namespace {

using target_i386::Registers;
using target_i386::SegmentRegister;
using target_i386::TableRegister;

SegmentRegister from_kvm(const kvm_segment& segment) {
    const bool usable = segment.present && !segment.unusable;
    return {.selector = segment.selector,
            .base = segment.base,
            .limit = segment.limit,
            .flags = target_i386::segment_flags({.type = segment.type,
                                                 .s = segment.s,
                                                 .dpl = segment.dpl,
                                                 .present = static_cast<uint8_t>(usable),
                                                 .avl = segment.avl,
                                                 .l = segment.l,
                                                 .db = segment.db,
                                                 .g = segment.g})};
}

kvm_segment to_kvm(const SegmentRegister& segment) {
    const auto attributes = target_i386::segment_attributes(segment.flags);
    kvm_segment out{};
    out.base = segment.base;
    out.limit = segment.limit;
    out.selector = segment.selector;
    out.type = attributes.type;
    out.s = attributes.s;
    out.dpl = attributes.dpl;
    out.present = attributes.present;
    out.avl = attributes.avl;
    out.l = attributes.l;
    out.db = attributes.db;
    out.g = attributes.g;
    out.unusable = !out.present;
    return out;
}

TableRegister from_kvm(const kvm_dtable& table) {
    return {.base = table.base, .limit = table.limit};
}

kvm_dtable to_kvm(const TableRegister& table) {
    kvm_dtable out{};
    out.base = table.base;
    out.limit = static_cast<uint16_t>(table.limit);
    return out;
}

void special_from_kvm(const kvm_sregs& special, Registers& out) {
    out.cs = from_kvm(special.cs);
    out.ds = from_kvm(special.ds);
    out.es = from_kvm(special.es);
    out.fs = from_kvm(special.fs);
    out.gs = from_kvm(special.gs);
    out.ss = from_kvm(special.ss);
    out.ldt = from_kvm(special.ldt);
    out.tr = from_kvm(special.tr);
    out.gdt = from_kvm(special.gdt);
    out.idt = from_kvm(special.idt);
    out.cr0 = special.cr0;
    out.cr2 = special.cr2;
    out.cr3 = special.cr3;
    out.cr4 = special.cr4;
    out.efer = special.efer;
}

}  // namespace

Registers from_kvm(const kvm_regs& general, const kvm_sregs& special) {
    Registers out;
    out.rax = general.rax;
    out.rbx = general.rbx;
    out.rcx = general.rcx;
    out.rdx = general.rdx;
    out.rsi = general.rsi;
    out.rdi = general.rdi;
    out.rsp = general.rsp;
    out.rbp = general.rbp;
    out.r8_to_r15 = {general.r8,  general.r9,  general.r10, general.r11,
                     general.r12, general.r13, general.r14, general.r15};
    out.rip = general.rip;
    out.rflags = general.rflags;
    special_from_kvm(special, out);
    return out;
}

void to_kvm(const Registers& registers, kvm_regs& general) {
    general.rax = registers.rax;
    general.rbx = registers.rbx;
    general.rcx = registers.rcx;
    general.rdx = registers.rdx;
    general.rsi = registers.rsi;
    general.rdi = registers.rdi;
    general.rsp = registers.rsp;
    general.rbp = registers.rbp;
    general.r8 = registers.r8_to_r15[0];
    general.r9 = registers.r8_to_r15[1];
    general.r10 = registers.r8_to_r15[2];
    general.r11 = registers.r8_to_r15[3];
    general.r12 = registers.r8_to_r15[4];
    general.r13 = registers.r8_to_r15[5];
    general.r14 = registers.r8_to_r15[6];
    general.r15 = registers.r8_to_r15[7];
    general.rip = registers.rip;
    general.rflags = registers.rflags;
}

void to_kvm(const Registers& registers, kvm_sregs& special) {
    special.cs = to_kvm(registers.cs);
    special.ds = to_kvm(registers.ds);
    special.es = to_kvm(registers.es);
    special.fs = to_kvm(registers.fs);
    special.gs = to_kvm(registers.gs);
    special.ss = to_kvm(registers.ss);
    special.ldt = to_kvm(registers.ldt);
    special.tr = to_kvm(registers.tr);
    special.gdt = to_kvm(registers.gdt);
    special.idt = to_kvm(registers.idt);
    special.cr0 = registers.cr0;
    special.cr2 = registers.cr2;
    special.cr3 = registers.cr3;
    special.cr4 = registers.cr4;
    special.efer = registers.efer;
}

}  // namespace guestdump::vm
