// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "guest/guest.h"
#include "target-i386/paging_mode.h"
#include "target-i386/registers.h"

namespace guestdump::target_i386 {

/// An x86 vCPU as a dump sees it: its registers, frozen.
class Cpu final : public guest::Cpu {
  public:
    explicit Cpu(const Registers& registers, const PagingTraits& traits = {})
        : registers_(registers), traits_(traits) {}

    const Registers& registers() const { return registers_; }

    std::optional<guest::PagingRoot> paging_root() const override;
    Result<> append_mappings(const guest::GuestPhysBlockList& memory,
                             guest::MemoryMappingList& out) const override;
    void append_prstatus(const guest::ArchDumpInfo& arch, uint32_t index,
                         guest::NoteBuilder& out) const override;
    void append_qemu_note(guest::NoteBuilder& out) const override;
    void append_vbox_note(guest::NoteBuilder& out) const override;
    std::optional<guest::Gpa> translate(guest::Gva address, const guest::GuestPhysBlockList& memory,
                                        std::optional<guest::Gpa> root) const override;
    bool paging_is_off() const override;
    std::optional<guest::Gva> first_handler(const guest::GuestPhysBlockList& memory) const override;

  private:
    Registers registers_;
    PagingTraits traits_;
};

}  // namespace guestdump::target_i386
