// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "util/stored.h"

/// The record by which a guest is found in a core of the process that ran it: structures and
/// constants, little-endian. docs/post-mortem.md describes all of it.
///
/// It lies in the process's memory, and so in a PT_LOAD of its core: a RecordHeader at the start of
/// a mapping of its own; a RecordBlock for each piece of guest memory; and two copies of the part
/// that changes, each with a RecordCopy, a RecordState, a RecordCpu for each vCPU and the guest's
/// note.

namespace guestdump::format {

inline constexpr std::string_view kRecordMagic = "GUESTDUMP RECORD";
inline constexpr uint32_t kRecordVersion = 1;

/// Largest record that a reader accepts, bytes: 100,000 blocks, 4096 vCPUs and two notes of the
/// largest size need a quarter of it.
inline constexpr uint64_t kMaxRecord = uint64_t{64} << 20;

struct RecordHeader {
    std::array<char, 16> magic{};
    util::le32 version;
    util::le32 size;    ///< bytes of this structure
    util::le64 self;    ///< the address of this structure, in the process
    util::le64 length;  ///< bytes of the whole record, from here
    util::le64 blocks;  ///< offset of the blocks, bytes from here
    util::le32 block_count, vcpu_count;
    std::array<util::le64, 2> copies;  ///< offsets of the copies, bytes from here
    util::le64 copy_size;              ///< space for each, bytes
    util::le32 crc;                    ///< of the fields above, then of the blocks
    util::le32 running;  ///< in no checksum: 1 while vCPUs run, so that the copies are out of date
};
static_assert(sizeof(RecordHeader) == 88 && alignof(RecordHeader) == 1);
static_assert(offsetof(RecordHeader, copies) == 56 && offsetof(RecordHeader, crc) == 80);

inline constexpr uint32_t kRecordRam = 0;  ///< kind of a block: the guest may write it
inline constexpr uint32_t kRecordRom = 1;  ///< the guest only reads it

/// The guest's bytes [gpa, gpa + size) are at address @host of the process. Sorted by gpa,
/// disjoint.
struct RecordBlock {
    util::le64 gpa, size, host;
    util::le32 kind;
    uint8_t reserved[4] = {};
    std::array<char, 32> name{};  ///< of the region, for people; truncated, and padded with NULs
};
static_assert(sizeof(RecordBlock) == 64);

/// Readers take the complete copy with the higher sequence number: a crash during an update of one
/// leaves the other complete.
struct RecordCopy {
    util::le64 sequence;  ///< 0: being written
    util::le32 size;      ///< bytes after this structure
    util::le32 crc;       ///< of sequence and size, then of the bytes after this structure
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
    util::le64 efer;                          ///< not in that note
    util::le64 live;                          ///< address of its LiveRegisters in the process, or 0
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

/// The vCPU registers that KVM keeps in memory shared with the process, as of the moment when the
/// vCPU last left the guest: struct kvm_sync_regs. KERNEL_GS_BASE is not in it. [linux
/// arch/x86/include/uapi/asm/kvm.h]
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
