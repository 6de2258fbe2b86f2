// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>

#include "guest/architecture.h"
#include "guest/note_builder.h"

/// The notes about vCPUs that formats have, in the order in which readers expect them. They are
/// made from register values by the vCPUs' architecture. Any thread.

namespace guestdump::dump {

/// Adds the notes of ELF and kdump files: NT_PRSTATUS of every vCPU, then the "QEMU" notes of all.
/// That is QEMU's order. A vCPU with a recorded NT_PRSTATUS keeps that note and gets no "QEMU" one,
/// which would state control registers that nobody knows, and make readers take the file for an
/// emulator's.
void append_cpu_notes(std::span<const guest::Cpu> cpus, const guest::ArchDumpInfo& arch,
                      guest::NoteBuilder& out);

/// Adds the notes that a VirtualBox core begins with: "VBCORE", then "VBCPU" of every vCPU.
void append_vbox_notes(std::span<const guest::Cpu> cpus, guest::NoteBuilder& out);

}  // namespace guestdump::dump
