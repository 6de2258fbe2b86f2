// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "target-i386/registers.h"
#include "util/result.h"
#include "vmcore/elf/note_list.h"

namespace guestdump::vmcore {

/// What only a VirtualBox core has. [vbox dbgfcorefmt]
struct VboxCore {
    uint32_t format = 0;        ///< 0x00010004 to 0x00010006
    uint32_t vbox_version = 0;  ///< 0 where VirtualBox did not write it
    uint32_t vbox_revision = 0;
    uint32_t cpu_count = 0;  ///< that the file claims; there may be fewer notes or more
    std::vector<target_i386::Registers> cpus;
};

/// True for the two kinds of notes that a VirtualBox core has.
bool is_vbox_note(const Note& note);

/// What the notes of a VirtualBox core tell; empty where @list has no "VBCORE". Any thread.
///
/// Errors: a descriptor that is too short or of another magic; a format that is not known; a vCPU
/// that is not as its format has it.
util::Result<std::optional<VboxCore>> read_vbox_core(const NoteList& list);

}  // namespace guestdump::vmcore
