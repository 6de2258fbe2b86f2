// SPDX-License-Identifier: GPL-2.0-or-later
#include "api/registers.h"

namespace guestdump::api {
namespace {

using target_i386::Registers;
using target_i386::SegmentRegister;
using target_i386::TableRegister;

static_assert(sizeof(guestdump_segment) == 24 && sizeof(guestdump_table) == 16);
static_assert(sizeof(guestdump_x86_registers) == 1024, "programs have compiled this size in");

guestdump_segment to_c(const SegmentRegister& segment) {
    return {.base = segment.base,
            .limit = segment.limit,
            .flags = segment.flags,
            .selector = segment.selector,
            .reserved = {}};
}

SegmentRegister from_c(const guestdump_segment& segment) {
    return {.selector = segment.selector,
            .base = segment.base,
            .limit = segment.limit,
            .flags = segment.flags};
}

guestdump_table to_c(const TableRegister& table) {
    return {.base = table.base, .limit = table.limit, .reserved = 0};
}

TableRegister from_c(const guestdump_table& table) {
    return {.base = table.base, .limit = table.limit};
}

/// The fields that have one name in both structures. Segments and tables are converted by @other.
template <class From, class To, class Convert>
void copy_named(const From& from, To& to, Convert other) {
    to.rax = from.rax;
    to.rbx = from.rbx;
    to.rcx = from.rcx;
    to.rdx = from.rdx;
    to.rsi = from.rsi;
    to.rdi = from.rdi;
    to.rsp = from.rsp;
    to.rbp = from.rbp;
    to.rip = from.rip;
    to.rflags = from.rflags;
    to.cs = other(from.cs);
    to.ds = other(from.ds);
    to.es = other(from.es);
    to.fs = other(from.fs);
    to.gs = other(from.gs);
    to.ss = other(from.ss);
    to.ldt = other(from.ldt);
    to.tr = other(from.tr);
    to.gdt = other(from.gdt);
    to.idt = other(from.idt);
    to.cr0 = from.cr0;
    to.cr2 = from.cr2;
    to.cr3 = from.cr3;
    to.cr4 = from.cr4;
    to.efer = from.efer;
    to.kernel_gs_base = from.kernel_gs_base;
}

}  // namespace

guestdump_x86_registers to_c(const Registers& from) {
    guestdump_x86_registers to{};
    copy_named(from, to, [](const auto& part) { return to_c(part); });
    const auto& more = from.r8_to_r15;
    to.r8 = more[0];
    to.r9 = more[1];
    to.r10 = more[2];
    to.r11 = more[3];
    to.r12 = more[4];
    to.r13 = more[5];
    to.r14 = more[6];
    to.r15 = more[7];
    return to;
}

Registers from_c(const guestdump_x86_registers& from) {
    Registers to;
    copy_named(from, to, [](const auto& part) { return from_c(part); });
    to.r8_to_r15 = {from.r8, from.r9, from.r10, from.r11, from.r12, from.r13, from.r14, from.r15};
    return to;
}

}  // namespace guestdump::api
