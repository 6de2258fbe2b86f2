// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "guest/address.h"
#include "target-i386/pc_memory_split.h"
#include "vmcore/migration/pci_devices.h"

namespace guestdump::vmcore {

/// The addresses that belong to a VGA controller if there is one. [pci 3.0, appendix D]
inline constexpr guest::GpaRange kVgaRange{guest::Gpa{0xa0000}, 0x20000};

/// What the host bridge of a PC shows below 4 GiB in place of RAM, by its registers.
/// [i440fx datasheet 3.2.19 PAM, 3.2.22 SMRAM; q35 datasheet 5.1; qemu hw/pci-host/i440fx.c, q35.c]
class HostBridge {
  public:
    /// The bridge among @devices. If it is not there, it shows RAM everywhere, as after the
    /// firmware has started. Errors: its configuration space is too short.
    static Result<HostBridge> of(const std::vector<PciDevice>& devices,
                                 target_i386::PcChipset chipset);

    /// The parts of 0xc0000-0xfffff that show PCI, not RAM.
    std::vector<guest::GpaRange> pci_ranges() const;
    /// True if kVgaRange is RAM even if there is a VGA controller: SMRAM is open.
    bool shows_ram_at_vga() const;
    /// RAM that only code in system management mode sees. @below_4g: RAM below 4 GiB, bytes.
    std::vector<guest::GpaRange> hidden(uint64_t below_4g) const;

  private:
    HostBridge() = default;

    bool known_ = false;
    target_i386::PcChipset chipset_ = target_i386::PcChipset::i440fx;
    PciDevice device_;
};

}  // namespace guestdump::vmcore
