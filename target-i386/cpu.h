// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "dump/guest.h"
#include "target-i386/paging_mode.h"
#include "target-i386/registers.h"

namespace target_i386 {

/// An x86 vCPU as a dump sees it: its registers, frozen.
class Cpu final : public dump::Cpu {
  public:
    explicit Cpu(const Registers& registers, const PagingTraits& traits = {})
        : registers_(registers), traits_(traits) {}

    const Registers& registers() const { return registers_; }

    std::optional<dump::PagingRoot> paging_root() const override;
    dump::Result<> append_mappings(const dump::GuestPhysBlockList& memory,
                                   dump::MemoryMappingList& out) const override;
    void append_prstatus(const dump::ArchDumpInfo& arch, uint32_t index,
                         dump::NoteBuilder& out) const override;
    void append_qemu_note(dump::NoteBuilder& out) const override;
    void append_vbox_note(dump::NoteBuilder& out) const override;
    std::optional<dump::Gpa> translate(dump::Gva address, const dump::GuestPhysBlockList& memory,
                                       std::optional<dump::Gpa> root) const override;
    bool paging_is_off() const override;
    std::optional<dump::Gva> first_handler(const dump::GuestPhysBlockList& memory) const override;

  private:
    Registers registers_;
    PagingTraits traits_;
};

}  // namespace target_i386
