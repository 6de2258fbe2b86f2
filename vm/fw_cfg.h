// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <functional>
#include <mutex>
#include <optional>

#include "vm/memory/address_space.h"
#include "vm/port_device.h"

namespace guestdump::vm {

/// The part of QEMU's fw_cfg device that a guest needs to hand over its note (-device vmcoreinfo):
/// the selector at port 0x510, data at 0x511, DMA at 0x514, and one file, etc/vmcoreinfo. [qemu
/// docs/specs/fw_cfg.rst, docs/specs/vmcoreinfo.rst]
///
/// All functions: any thread.
class FwCfg final : public PortDevice {
  public:
    /// The place of the note according to the guest. Nothing in it has been checked.
    struct NotePlace {
        uint16_t format = 0;  ///< 1: an ELF note
        uint32_t size = 0;
        Gpa address;
    };

    /// DMA reads and writes the RAM in @memory. @on_note is called when the guest has handed over a
    /// note or taken it back.
    FwCfg(const AddressSpace& memory, std::function<void()> on_note);

    /// Forgets the note and the selected item.
    void reset();

    std::optional<NotePlace> note() const;

    bool read_port(uint16_t port, std::span<std::byte> out) override;
    bool write_port(uint16_t port, std::span<const std::byte> data) override;

  private:
    void select(uint16_t item);
    std::span<const std::byte> selected() const;
    std::byte next_byte();
    /// Both return true if the guest has written its file.
    bool transfer(Gpa request);
    bool write_file(std::span<const std::byte> data);

    const AddressSpace memory_;
    const std::function<void()> on_note_;
    mutable std::mutex mutex_;  ///< protects all members below
    uint16_t item_ = 0;
    uint64_t position_ = 0;  ///< offset of the next byte in the item
    uint32_t dma_high_ = 0;  ///< high half of the request's address, until the low half is written
    std::array<std::byte, 16> file_{};
    bool has_note_ = false;
};

}  // namespace guestdump::vm
