// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guest/address.h"
#include "vmcore/migration/stream_reader.h"

namespace guestdump::vmcore {

/// A PCI device of a stream, as its configuration space describes it. [pci 3.0, 6.1]
struct PciDevice {
    std::string path;               ///< "0000:00:02.0": QEMU's name of its place
    std::string kind;               ///< "vga"
    std::vector<std::byte> config;  ///< at least 64 bytes

    uint8_t byte(size_t offset) const;
    uint16_t le16(size_t offset) const;

    /// True for a VGA controller, which owns the addresses 0xa0000-0xbffff.
    bool is_vga() const;
    /// Where base address register @number maps memory. Empty if it maps none.
    std::optional<guest::Gpa> bar(unsigned number) const;
    /// Where the expansion ROM is mapped. Empty if it is not.
    std::optional<guest::Gpa> expansion_rom() const;
};

/// The PCI devices of @stream. Errors: failed reads.
Result<std::vector<PciDevice>> read_pci_devices(const ByteSource& source,
                                                const MigrationStream& stream);

}  // namespace guestdump::vmcore
