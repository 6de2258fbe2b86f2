// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>

namespace guestdump::target_i386 {

/// A segment register with its hidden part. [SDM 3A 3.4.3]
struct SegmentRegister {
    uint16_t selector = 0;
    uint64_t base = 0;
    uint32_t limit = 0;  ///< bytes minus one, granularity already applied
    /// The high word of a segment descriptor, as QEMU keeps it: type << 8, S << 12, DPL << 13, P <<
    /// 15, AVL << 20, L << 21, D/B << 22, G << 23.
    uint32_t flags = 0;

    bool operator==(const SegmentRegister&) const = default;
};

/// GDTR or IDTR.
struct TableRegister {
    uint64_t base = 0;
    uint32_t limit = 0;

    bool operator==(const TableRegister&) const = default;
};

/// The registers of one x86 vCPU that a dump contains, whatever their origin: KVM, the synthetic
/// accelerator, a vmcore. Default values are zero; reset_registers() returns the initial values of
/// hardware.
struct Registers {
    uint64_t rax = 0, rbx = 0, rcx = 0, rdx = 0, rsi = 0, rdi = 0, rsp = 0, rbp = 0;
    std::array<uint64_t, 8> r8_to_r15{};
    uint64_t rip = 0, rflags = 0;

    SegmentRegister cs, ds, es, fs, gs, ss, ldt, tr;
    TableRegister gdt, idt;

    uint64_t cr0 = 0, cr2 = 0, cr3 = 0, cr4 = 0;
    uint64_t efer = 0;
    uint64_t kernel_gs_base = 0;

    bool operator==(const Registers&) const = default;
};

inline constexpr uint64_t kCr0ProtectedMode = uint64_t{1} << 0;     ///< CR0.PE [SDM 3A 2.5]
inline constexpr uint64_t kCr0Paging = uint64_t{1} << 31;           ///< CR0.PG [SDM 3A 2.5]
inline constexpr uint64_t kCr4Pse = uint64_t{1} << 4;               ///< [SDM 3A 2.5]
inline constexpr uint64_t kCr4Pae = uint64_t{1} << 5;               ///< [SDM 3A 2.5]
inline constexpr uint64_t kCr4La57 = uint64_t{1} << 12;             ///< [SDM 3A 2.5]
inline constexpr uint64_t kCr4Pcide = uint64_t{1} << 17;            ///< [SDM 3A 2.5]
inline constexpr uint64_t kEferLongModeEnable = uint64_t{1} << 8;   ///< EFER.LME [SDM 3A 2.2.1]
inline constexpr uint64_t kEferLongModeActive = uint64_t{1} << 10;  ///< EFER.LMA [SDM 3A 2.2.1]
inline constexpr uint64_t kEferNoExecute = uint64_t{1} << 11;       ///< EFER.NXE [SDM 3A 2.2.1]

/// Registers after RESET, as QEMU has them: real mode, CS:IP at 0xfffffff0. [SDM 3A 10.1.1, table
/// 10-1]
Registers reset_registers();

}  // namespace guestdump::target_i386
