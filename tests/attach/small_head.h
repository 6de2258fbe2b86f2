// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "tests/support/bytes.h"

/// The beginning of QEMU's ELF dump, built by literal offsets. [qemu dump/dump.c]

namespace guestdump::attach {

using support::Bytes;

struct SmallLoad {
    uint64_t paddr = 0, size = 0;
    uint64_t offset = 0;  ///< 0: after the notes, or after the previous load
};

/// Builds the head as QEMU writes it: file header, section headers, program headers, notes of one
/// vCPU.
inline Bytes small_head(const std::vector<SmallLoad>& loads) {
    constexpr uint64_t kSections = 64, kHeaders = 192, kCoreNote = 356, kQemuNote = 460;
    const uint64_t notes = kHeaders + 56 * (1 + loads.size());
    Bytes head;
    support::put_text(head, 0,
                      "\x7f"
                      "ELF\x02\x01\x01");
    support::put_le16(head, 16, 4);   // ET_CORE
    support::put_le16(head, 18, 62);  // EM_X86_64
    support::put_le32(head, 20, 1);
    support::put_le64(head, 32, kHeaders);
    support::put_le64(head, 40, kSections);
    support::put_le16(head, 52, 64);
    support::put_le16(head, 54, 56);
    support::put_le16(head, 56, static_cast<uint16_t>(1 + loads.size()));
    support::put_le32(head, kHeaders, 4);  // PT_NOTE
    support::put_le64(head, kHeaders + 8, notes);
    support::put_le64(head, kHeaders + 32, kCoreNote + kQemuNote);
    uint64_t at = kHeaders + 56, offset = notes + kCoreNote + kQemuNote;
    for (const SmallLoad& load : loads) {
        const uint64_t its = load.offset ? load.offset : offset;
        support::put_le32(head, at, 1);
        support::put_le64(head, at + 8, its);
        support::put_le64(head, at + 24, load.paddr);
        support::put_le64(head, at + 32, load.size);
        support::put_le64(head, at + 40, load.size);
        at += 56;
        offset = its + load.size;
    }
    support::put_le32(head, notes, 5);
    support::put_le32(head, notes + 4, 336);
    support::put_le32(head, notes + 8, 1);
    support::put_text(head, notes + 12, "CORE");
    const uint64_t qemu = notes + kCoreNote;
    support::put_le32(head, qemu, 5);
    support::put_le32(head, qemu + 4, 440);
    support::put_text(head, qemu + 12, "QEMU");
    support::put_le32(head, qemu + 20, 1);                  // version
    support::put_le32(head, qemu + 24, 440);                // size
    support::put_le64(head, qemu + 28 + 16 * 8, 0x123456);  // RIP
    head.resize(notes + kCoreNote + kQemuNote);
    return head;
}

}  // namespace guestdump::attach
