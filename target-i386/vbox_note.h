// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "guest/note_builder.h"
#include "target-i386/registers.h"
#include "util/result.h"

/// The note that contains a vCPU's registers in a VirtualBox core. Any thread. [vbox dbgfcorefmt]

namespace guestdump::target_i386 {

/// Adds the "VBCPU" note of format 0x00010006. Fields that Registers does not have are zero,
/// including the valid size of the extended state.
void append_vbox_note(const Registers& registers, guest::NoteBuilder& out);

/// Errors: a version other than 0x00010004 to 0x00010006.
util::Result<> check_vbox_format(uint32_t version);

/// The registers in the descriptor of a "VBCPU" note of format @version, including EFER. Segment
/// flags do not contain the bits that repeat the limit; those of an emulator's note may.
///
/// Errors: those of check_vbox_format(); a length that @version does not have; more extended state
/// than fits.
util::Result<Registers> parse_vbox_note(std::span<const std::byte> descriptor, uint32_t version);

}  // namespace guestdump::target_i386
