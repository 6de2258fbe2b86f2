// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "target-i386/cpu.h"

namespace guestdump::vmcore {

/// A vCPU of a file that has NT_PRSTATUS alone, such as a kernel's own: the note goes into another
/// dump as it is, with the process that ran, and there is no QEMU note, which would tell control
/// registers that nobody knows, and make readers take the file for an emulator's.
class RecordedCpu final : public guest::Cpu {
  public:
    /// @prstatus is the note's descriptor, @cpu what could be read in it.
    RecordedCpu(const target_i386::Cpu& cpu, std::span<const std::byte> prstatus)
        : cpu_(cpu), prstatus_(prstatus.begin(), prstatus.end()) {}

    std::optional<guest::PagingRoot> paging_root() const override { return cpu_.paging_root(); }
    Result<> append_mappings(const guest::GuestPhysBlockList& memory,
                             guest::MemoryMappingList& out) const override {
        return cpu_.append_mappings(memory, out);
    }
    void append_prstatus(const guest::ArchDumpInfo& arch, uint32_t index,
                         guest::NoteBuilder& out) const override;
    void append_qemu_note(guest::NoteBuilder&) const override {}
    void append_vbox_note(guest::NoteBuilder& out) const override { cpu_.append_vbox_note(out); }

  private:
    target_i386::Cpu cpu_;
    std::vector<std::byte> prstatus_;
};

}  // namespace guestdump::vmcore
