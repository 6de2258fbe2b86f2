// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "guest/note_builder.h"
#include "target-i386/registers.h"
#include "util/result.h"

/// The note that tells a vCPU's registers in a VirtualBox core. Any thread. [vbox dbgfcorefmt]

namespace guestdump::target_i386 {

/// Adds the "VBCPU" note of format 0x00010006. What Registers do not have is zero, the valid size
/// of the extended state included.
void append_vbox_note(const Registers& registers, guest::NoteBuilder& out);

/// Errors: a version other than 0x00010004 to 0x00010006.
util::Result<> check_vbox_format(uint32_t version);

/// The registers in the descriptor of a "VBCPU" note of format @version, EFER included. Segment
/// flags are without the bits that repeat the limit, which an emulator's may have.
///
/// Errors: those of check_vbox_format(); not as long as that version has it; more
/// extended state than there is room for.
util::Result<Registers> parse_vbox_note(std::span<const std::byte> descriptor, uint32_t version);

}  // namespace guestdump::target_i386
