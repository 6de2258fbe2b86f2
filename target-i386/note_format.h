// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "util/stored.h"

/// The notes of x86 vCPUs as stored in a vmcore. Structures only.

namespace guestdump::target_i386 {

inline constexpr uint32_t kNtPrstatus = 1;  ///< n_type of "CORE" [linux include/uapi/linux/elf.h]
inline constexpr uint32_t kNtQemuCpuState = 0;  ///< n_type of "QEMU" [qemu target/i386/arch_dump.c]

/// struct elf_prstatus of x86-64. Fields that a vmcore does not use are reserved.
/// [linux include/linux/elfcore.h, arch/x86/include/asm/user_64.h]
struct Prstatus64 {
    uint8_t reserved0[32] = {};
    util::le32 pid;
    uint8_t reserved1[76] = {};
    util::le64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax;
    util::le64 rip, cs, rflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
    util::le32 fpvalid;
    uint8_t reserved2[4] = {};
};
static_assert(sizeof(Prstatus64) == 336 && alignof(Prstatus64) == 1);
static_assert(offsetof(Prstatus64, pid) == 32 && offsetof(Prstatus64, r15) == 112);
static_assert(offsetof(Prstatus64, gs) == 320 && offsetof(Prstatus64, fpvalid) == 328);

/// struct elf_prstatus of i386. [linux include/linux/elfcore.h, arch/x86/include/asm/user_32.h]
struct Prstatus32 {
    uint8_t reserved0[24] = {};
    util::le32 pid;
    uint8_t reserved1[44] = {};
    util::le32 ebx, ecx, edx, esi, edi, ebp, eax, ds, es, fs, gs, orig_eax, eip, cs, eflags, esp,
        ss;
    util::le32 fpvalid;
};
static_assert(sizeof(Prstatus32) == 144 && alignof(Prstatus32) == 1);
static_assert(offsetof(Prstatus32, pid) == 24 && offsetof(Prstatus32, ebx) == 72);
static_assert(offsetof(Prstatus32, ss) == 136 && offsetof(Prstatus32, fpvalid) == 140);

/// A segment or table register in QemuCpuState. [qemu target/i386/arch_dump.c]
struct QemuSegment {
    util::le32 selector, limit, flags;
    uint8_t reserved[4] = {};
    util::le64 base;
};
static_assert(sizeof(QemuSegment) == 24);

inline constexpr uint32_t kQemuCpuStateVersion = 1;

/// Size of QemuCpuState before kernel_gs_base was added, in 2018. The version has stayed the same.
inline constexpr uint32_t kQemuCpuStateOldSize = 432;

/// The descriptor of the "QEMU" note. [qemu target/i386/arch_dump.c]
struct QemuCpuState {
    util::le32 version = kQemuCpuStateVersion;
    util::le32 size;  ///< bytes of this structure
    util::le64 rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp, r8_to_r15[8], rip, rflags;
    QemuSegment cs, ds, es, fs, gs, ss, ldt, tr, gdt, idt;
    util::le64 cr[5];
    util::le64 kernel_gs_base;
};
static_assert(sizeof(QemuCpuState) == 440 && alignof(QemuCpuState) == 1);
static_assert(offsetof(QemuCpuState, rax) == 8 && offsetof(QemuCpuState, rflags) == 144);
static_assert(offsetof(QemuCpuState, cs) == 152 && offsetof(QemuCpuState, idt) == 368);
static_assert(offsetof(QemuCpuState, cr) == 392);
static_assert(offsetof(QemuCpuState, kernel_gs_base) == kQemuCpuStateOldSize);

}  // namespace guestdump::target_i386
