// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>

#include "guest/architecture.h"
#include "guest/note_builder.h"

/// Appends the notes that describe vCPUs, in the order in which readers expect them. The
/// architecture of the vCPUs builds them from register values. Any thread.

namespace guestdump::dump {

/// Adds the notes of ELF and kdump files in QEMU's order: NT_PRSTATUS of every vCPU, then the
/// "QEMU" note of every vCPU. A vCPU with a recorded NT_PRSTATUS keeps that note and gets no "QEMU"
/// note, because its control registers are unknown and readers would conclude that an emulator
/// wrote the file.
void append_cpu_notes(std::span<const guest::Cpu> cpus, const guest::ArchDumpInfo& arch,
                      guest::NoteBuilder& out);

/// Adds the notes at the start of a VirtualBox core: "VBCORE", then "VBCPU" of every vCPU.
void append_vbox_notes(std::span<const guest::Cpu> cpus, guest::NoteBuilder& out);

}  // namespace guestdump::dump
