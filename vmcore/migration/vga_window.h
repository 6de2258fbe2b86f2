// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "vmcore/migration/host_bridge.h"

namespace guestdump::vmcore {

/// What the VGA controller does with kVgaRange.
struct VgaWindow {
    /// Video memory that the range shows as plain memory, in a graphics mode of 256 colours.
    /// [qemu hw/display/vga.c, vga_update_memory_access]
    struct Shown {
        std::string path;  ///< of the device: "0000:00:02.0"
        guest::GpaRange range;
        uint64_t offset = 0;  ///< in video memory, bytes
    };

    bool owned = false;  ///< there is a controller: the range is not RAM
    std::optional<Shown> shown;

    /// Errors: failed reads.
    static Result<VgaWindow> of(const ByteSource& source, const MigrationStream& stream,
                                const std::vector<PciDevice>& devices);
};

}  // namespace guestdump::vmcore
