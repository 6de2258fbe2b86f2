// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/process/live_registers.h"

#include "format/post_mortem.h"
#include "target-i386/segment_flags.h"

namespace guestdump::vmcore {
namespace {

using target_i386::Registers;
using target_i386::SegmentAttributes;

target_i386::SegmentRegister segment_of(const format::LiveSegment& live) {
    const SegmentAttributes attributes{
        .type = live.type,
        .s = live.s,
        .dpl = live.dpl,
        .present = static_cast<uint8_t>(live.present && !live.unusable),
        .avl = live.avl,
        .l = live.l,
        .db = live.db,
        .g = live.g};
    return {.selector = live.selector,
            .base = live.base,
            .limit = live.limit,
            .flags = target_i386::segment_flags(attributes)};
}

void general_from(const format::LiveRegisters& live, Registers& out) {
    out.rax = live.rax;
    out.rbx = live.rbx;
    out.rcx = live.rcx;
    out.rdx = live.rdx;
    out.rsi = live.rsi;
    out.rdi = live.rdi;
    out.rsp = live.rsp;
    out.rbp = live.rbp;
    for (size_t i = 0; i < out.r8_to_r15.size(); ++i) out.r8_to_r15[i] = live.r8_to_r15[i];
    out.rip = live.rip;
    out.rflags = live.rflags;
}

void special_from(const format::LiveRegisters& live, Registers& out) {
    out.cs = segment_of(live.cs);
    out.ds = segment_of(live.ds);
    out.es = segment_of(live.es);
    out.fs = segment_of(live.fs);
    out.gs = segment_of(live.gs);
    out.ss = segment_of(live.ss);
    out.tr = segment_of(live.tr);
    out.ldt = segment_of(live.ldt);
    out.gdt = {.base = live.gdt.base, .limit = live.gdt.limit};
    out.idt = {.base = live.idt.base, .limit = live.idt.limit};
    out.cr0 = live.cr0;
    out.cr2 = live.cr2;
    out.cr3 = live.cr3;
    out.cr4 = live.cr4;
    out.efer = live.efer;
}

}  // namespace

Result<> read_live_registers(const ProcessMemory& memory, uint64_t address, Registers& out) {
    format::LiveRegisters live;
    TRY(memory.read(address, std::as_writable_bytes(std::span(&live, 1))));
    general_from(live, out);
    special_from(live, out);
    return {};
}

}  // namespace guestdump::vmcore
