// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "vmcore/migration/device_description.h"
#include "vmcore/migration/ram_section.h"
#include "vmcore/open_options.h"

namespace guestdump::vmcore {

/// The state of a device, as the stream holds it.
struct DeviceState {
    std::string name;  ///< "cpu", "0000:00:02.0/vga"
    uint32_t instance = 0, version = 0;
    uint64_t offset = 0;                 ///< of the data in the source, bytes
    const DeviceDescription* described;  ///< never null; lives as long as the MigrationStream
};

/// A migration stream without the contents of pages and devices, which stay in the source.
struct MigrationStream {
    std::string machine_type;  ///< "pc-i440fx-7.2"; empty if the stream does not name it
    std::vector<RamBlock> blocks;
    std::vector<DeviceState> devices;
    /// Set if the stream was cut off: where, for people. It can lack pages then, and all devices.
    std::optional<std::string> cut_off;
    std::optional<DeviceDescriptions> descriptions;

    /// The first device with that name and instance, or nullptr.
    const DeviceState* find(std::string_view name, uint32_t instance = 0) const;
};

/// Reads all of a stream that begins at @begin of @source, except the contents of pages.
///
/// With options.partial, a stream that was cut off is read as far as it goes.
/// Errors: not a stream, or one of an unknown version; sections that are not understood; those of
/// RamReader and DeviceDescriptions.
Result<MigrationStream> read_stream(const ByteSource& source, uint64_t begin, OpenOptions options);

/// The number in up to 8 bytes.
uint64_t big_endian(std::span<const std::byte> bytes);

/// The bytes of all elements of a field of @device. Empty if the device has no such field. Errors:
/// a failed read.
Result<std::vector<std::byte>> read_field(const ByteSource& source, const DeviceState& device,
                                          std::string_view field);

/// The elements of a field, which are big-endian numbers of up to 8 bytes. Empty if the device has
/// no such field. Errors: a failed read.
Result<std::vector<uint64_t>> read_numbers(const ByteSource& source, const DeviceState& device,
                                           std::string_view field);

}  // namespace guestdump::vmcore
