// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "guest/note_builder.h"
#include "target-i386/registers.h"
#include "util/result.h"

/// The two notes that contain a vCPU's registers. All functions: any thread.

namespace guestdump::target_i386 {

/// Sizes of the NT_PRSTATUS descriptor, bytes. [linux include/linux/elfcore.h]
inline constexpr size_t kPrstatusSize64 = 336;
inline constexpr size_t kPrstatusSize32 = 144;

/// Adds NT_PRSTATUS of x86-64, 336 bytes. @pid names the vCPU as a thread, from 1.
void append_prstatus64(const Registers& registers, uint32_t pid, guest::NoteBuilder& out);

/// Adds NT_PRSTATUS of i386, 144 bytes; registers are truncated to their low half.
void append_prstatus32(const Registers& registers, uint32_t pid, guest::NoteBuilder& out);

/// Adds the "QEMU" note, 440 bytes. It contains control, segment and table registers, but not EFER.
void append_qemu_note(const Registers& registers, guest::NoteBuilder& out);

/// The registers in the descriptor of a "QEMU" note of 432 bytes (no KERNEL_GS_BASE: 0) or more.
///
/// EFER is left 0: see guess_efer().
/// Errors: shorter than required, or than its size field; an unknown version.
util::Result<Registers> parse_qemu_note(std::span<const std::byte> descriptor);

/// The registers in the descriptor of an NT_PRSTATUS. Its length distinguishes x86-64 (336 bytes)
/// and i386 (144).
///
/// Registers that it does not contain are 0. For files without "QEMU" notes, such as kexec's.
/// Errors: another length.
util::Result<Registers> parse_prstatus(std::span<const std::byte> descriptor);

}  // namespace guestdump::target_i386
