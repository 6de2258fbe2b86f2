// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "util/stored.h"

/// The record by which a guest is found in a core of the process that ran it: structures and
/// constants, little-endian. docs/post-mortem.md tells the whole.
///
/// In the process's memory, and so in a PT_LOAD of its core: RecordHeader at the start of a mapping
/// of its own; RecordBlock for each piece of guest memory; twice the changing part, RecordCopy with
/// RecordState, RecordCpu for each vCPU and the guest's note behind it.

namespace guestdump::format {

inline constexpr std::string_view kRecordMagic = "GUESTDUMP RECORD";
inline constexpr uint32_t kRecordVersion = 1;

/// What a reader believes of a record, bytes: 100,000 blocks, 4096 vCPUs and two of the largest
/// notes need a quarter of it.
inline constexpr uint64_t kMaxRecord = uint64_t{64} << 20;

struct RecordHeader {
    std::array<char, 16> magic{};
    util::le32 version;
    util::le32 size;    ///< bytes of this structure
    util::le64 self;    ///< the address of this structure, in the process
    util::le64 length;  ///< bytes of the whole record, from here
    util::le64 blocks;  ///< where they begin, bytes from here
    util::le32 block_count, vcpu_count;
    std::array<util::le64, 2> copies;  ///< where they begin, bytes from here
    util::le64 copy_size;              ///< room in each, bytes
    util::le32 crc;                    ///< of all before it, then of the blocks
    util::le32 running;  ///< in no checksum: 1 while vCPUs run on from what the copies say
};
static_assert(sizeof(RecordHeader) == 88 && alignof(RecordHeader) == 1);
static_assert(offsetof(RecordHeader, copies) == 56 && offsetof(RecordHeader, crc) == 80);

inline constexpr uint32_t kRecordRam = 0;  ///< kind of a block: the guest may write it
inline constexpr uint32_t kRecordRom = 1;  ///< the guest only reads it

/// Bytes [gpa, gpa + size) of the guest lie at @host in the process. In the order of gpa, disjoint.
struct RecordBlock {
    util::le64 gpa, size, host;
    util::le32 kind;
    uint8_t reserved[4] = {};
    std::array<char, 32> name{};  ///< of the region, for people; cut, and padded with NULs
};
static_assert(sizeof(RecordBlock) == 64);

/// The whole one with the higher sequence counts: a crash in the middle of an update leaves the
/// other.
struct RecordCopy {
    util::le64 sequence;  ///< 0: being written
    util::le32 size;      ///< bytes behind this structure
    util::le32 crc;       ///< of sequence and size, then of the bytes behind this structure
};
static_assert(sizeof(RecordCopy) == 16);

struct RecordState {
    util::le64 time;  ///< of the synchronisation, nanoseconds since 1970
    util::le32 note_size;
    uint8_t reserved[4] = {};
};
static_assert(sizeof(RecordState) == 16);

/// A vCPU's registers as they were last synchronised.
struct RecordCpu {
    std::array<std::byte, 440> qemu_state{};  ///< the descriptor of its QEMU note
    util::le64 efer;                          ///< which that note does not tell
    util::le64 live;  ///< address of its LiveRegisters in the process, 0 where it has none
};
static_assert(sizeof(RecordCpu) == 456);

struct LiveSegment {
    util::le64 base;
    util::le32 limit;
    util::le16 selector;
    uint8_t type = 0, present = 0, dpl = 0, db = 0, s = 0, l = 0, g = 0, avl = 0, unusable = 0;
    uint8_t reserved = 0;
};
static_assert(sizeof(LiveSegment) == 24);

struct LiveTable {
    util::le64 base;
    util::le16 limit;
    uint8_t reserved[6] = {};
};

/// What KVM keeps of a vCPU's registers in memory that the process shares with it, as of the moment
/// when the vCPU last left the guest: struct kvm_sync_regs. KERNEL_GS_BASE is not in it.
/// [linux arch/x86/include/uapi/asm/kvm.h]
struct LiveRegisters {
    util::le64 rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp;
    std::array<util::le64, 8> r8_to_r15;
    util::le64 rip, rflags;
    LiveSegment cs, ds, es, fs, gs, ss, tr, ldt;
    LiveTable gdt, idt;
    util::le64 cr0, cr2, cr3, cr4, cr8, efer, apic_base;
};
static_assert(sizeof(LiveRegisters) == 424);
static_assert(offsetof(LiveRegisters, cs) == 144 && offsetof(LiveRegisters, gdt) == 336);
static_assert(offsetof(LiveRegisters, cr0) == 368);

}  // namespace guestdump::format
