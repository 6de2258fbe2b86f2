// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/kvm_registers.h"

#include <linux/kvm.h>

namespace vm {
namespace {

using target_i386::Registers;
using target_i386::SegmentRegister;
using target_i386::TableRegister;

/// Where the attributes stand in the high word of a descriptor. [SDM 3A 3.4.5]
enum Shift : uint32_t {
    kType = 8,
    kSystem = 12,
    kPrivilege = 13,
    kPresent = 15,
    kAvailable = 20,
    kLong = 21,
    kDefaultBig = 22,
    kGranularity = 23,
};

SegmentRegister from_kvm(const kvm_segment& segment) {
    const uint32_t present = segment.present && !segment.unusable ? 1 : 0;
    return {.selector = segment.selector,
            .base = segment.base,
            .limit = segment.limit,
            .flags = uint32_t{segment.type} << kType | uint32_t{segment.s} << kSystem |
                     uint32_t{segment.dpl} << kPrivilege | present << kPresent |
                     uint32_t{segment.avl} << kAvailable | uint32_t{segment.l} << kLong |
                     uint32_t{segment.db} << kDefaultBig | uint32_t{segment.g} << kGranularity};
}

kvm_segment to_kvm(const SegmentRegister& segment) {
    const auto field = [&segment](Shift shift, uint32_t mask) {
        return static_cast<uint8_t>(segment.flags >> shift & mask);
    };
    kvm_segment out{};
    out.base = segment.base;
    out.limit = segment.limit;
    out.selector = segment.selector;
    out.type = field(kType, 15);
    out.s = field(kSystem, 1);
    out.dpl = field(kPrivilege, 3);
    out.present = field(kPresent, 1);
    out.avl = field(kAvailable, 1);
    out.l = field(kLong, 1);
    out.db = field(kDefaultBig, 1);
    out.g = field(kGranularity, 1);
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

}  // namespace vm
