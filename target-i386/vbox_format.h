// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "util/stored.h"

/// A vCPU as stored in a VirtualBox core. Structures only. [vbox dbgfcorefmt]

namespace guestdump::target_i386 {

/// A segment register, LDTR or TR.
struct VboxSelector {
    util::le64 base;
    util::le32 limit;
    util::le32 attributes;  ///< kVboxAttributes, kVboxUnusable
    util::le16 selector;
    uint8_t reserved[6] = {};
};
static_assert(sizeof(VboxSelector) == 24);

/// Bits of attributes: those of a descriptor from its type on, without those of the limit. Type, S,
/// DPL and P are at bit 0 and up; AVL, L, D/B and G at bit 12 and up. [SDM 3C 25.4.1]
inline constexpr uint32_t kVboxAttributes = 0xf0ff;
inline constexpr uint32_t kVboxUnusable = 1u << 16;

/// GDTR or IDTR.
struct VboxTable {
    util::le64 base;
    util::le32 limit;
    uint8_t reserved[4] = {};
};
static_assert(sizeof(VboxTable) == 16);

/// The start of the descriptors of all formats from 0x00010004 on.
struct VboxCpuCommon {
    util::le64 rax, rbx, rcx, rdx, rsi, rdi, r8_to_r15[8], rip, rsp, rbp, rflags;
    VboxSelector cs, ds, es, fs, gs, ss;
    util::le64 cr0, cr2, cr3, cr4, dr[8];
    VboxTable gdt, idt;
    VboxSelector ldt, tr;
    util::le64 sysenter_cs, sysenter_eip, sysenter_esp;
    util::le64 efer, star, pat, lstar, cstar, sfmask, kernel_gs_base, apic_base;
};
static_assert(sizeof(VboxCpuCommon) == 552 && alignof(VboxCpuCommon) == 1);
static_assert(offsetof(VboxCpuCommon, cs) == 144 && offsetof(VboxCpuCommon, cr0) == 288);
static_assert(offsetof(VboxCpuCommon, gdt) == 384 && offsetof(VboxCpuCommon, ldt) == 416);
static_assert(offsetof(VboxCpuCommon, sysenter_cs) == 464 && offsetof(VboxCpuCommon, efer) == 488);

/// The descriptor of format 0x00010006. Some builds align the extended state to 16 bytes, at 592;
/// the descriptor's size shows which. Earlier formats have neither tsc_aux nor extended_size.
struct VboxCpu {
    VboxCpuCommon common;
    util::le64 tsc_aux, xcr0, xcr1;
    util::le32 extended_size;  ///< bytes of extended_state that are valid
    uint8_t reserved[4] = {};
    uint8_t extended_state[8192] = {};  ///< as XSAVE stores it [SDM 1 13.4]
};
static_assert(sizeof(VboxCpu) == 8776 && offsetof(VboxCpu, extended_state) == 584);

inline constexpr size_t kVboxCpuOldSize = 8768;      ///< of formats 0x00010004 and 0x00010005
inline constexpr size_t kVboxCpuAlignedSize = 8784;  ///< of 0x00010006, extended state at 592

}  // namespace guestdump::target_i386
