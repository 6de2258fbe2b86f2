// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vmcore/byte_source.h"

namespace guestdump::vmcore {

/// Where a field lies in the data of a device section.
struct FieldPlace {
    uint64_t offset = 0;  ///< bytes
    uint64_t size = 0;    ///< of one element, bytes
    uint64_t count = 1;   ///< elements
};

/// What a stream says about one of its device sections, whose data have no length of their own.
struct DeviceDescription {
    std::string name;
    uint64_t instance = 0, version = 0;
    uint64_t size = 0;      ///< of the data with their subsections, bytes
    std::string_view json;  ///< the device's object

    /// The first field with this name, in structures and subsections too; "config" also means
    /// "config[0]". Empty if there is none.
    std::optional<FieldPlace> find(std::string_view field) const;
};

/// The description at the end of a stream. [qemu migration/vmstate.c, vmstate_save_state_v]
class DeviceDescriptions {
  public:
    /// Finds and reads the description in @source, whose stream begins at @begin. Empty if there is
    /// none: it is not written for machines with suppress-vmdesc or after a postcopy migration, and
    /// a cut-off file has lost it.
    ///
    /// Errors: a failed read; a description whose JSON is malformed.
    static Result<std::optional<DeviceDescriptions>> find(const ByteSource& source, uint64_t begin);

    /// From the JSON text. Errors: as find(). @name: of the file, for errors.
    static Result<DeviceDescriptions> parse(std::string json, const std::string& name);

    /// The device's description, or nullptr.
    const DeviceDescription* find(std::string_view name, uint64_t instance) const;
    std::span<const DeviceDescription> view() const { return devices_; }
    /// Offset in the source of the section that holds the JSON.
    uint64_t offset() const { return offset_; }

  private:
    DeviceDescriptions() = default;

    std::unique_ptr<const std::string> json_;  ///< the devices point into it
    std::vector<DeviceDescription> devices_;
    std::map<std::pair<std::string, uint64_t>, size_t> by_name_;  ///< indices in devices_
    uint64_t offset_ = 0;
};

}  // namespace guestdump::vmcore
