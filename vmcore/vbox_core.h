// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "target-i386/registers.h"
#include "util/result.h"
#include "vmcore/elf/note_list.h"

namespace guestdump::vmcore {

/// The parts that only a VirtualBox core has. [vbox dbgfcorefmt]
struct VboxCore {
    uint32_t format = 0;        ///< 0x00010004 to 0x00010006
    uint32_t vbox_version = 0;  ///< 0 if not written by VirtualBox
    uint32_t vbox_revision = 0;
    uint32_t cpu_count = 0;  ///< as the file claims; the number of notes may differ
    std::vector<target_i386::Registers> cpus;
};

/// True for the two kinds of notes that a VirtualBox core has.
bool is_vbox_note(const Note& note);

/// Parses the notes of a VirtualBox core; empty if the first of @list is not "VBCORE". Any thread.
///
/// Errors: a descriptor that is too short or has the wrong magic; an unknown format; a vCPU's note
/// that does not match the format.
util::Result<std::optional<VboxCore>> read_vbox_core(const NoteList& list);

}  // namespace guestdump::vmcore
