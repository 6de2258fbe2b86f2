// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration/pci_devices.h"

namespace guestdump::vmcore {
namespace {

// Offsets in the configuration space. [pci 3.0, 6.1]
constexpr size_t kCommand = 0x04;
constexpr size_t kClass = 0x0a;
constexpr size_t kBars = 0x10;
constexpr size_t kExpansionRom = 0x30;
constexpr size_t kHeader = 0x40;         ///< bytes that every device has
constexpr size_t kConventional = 0x100;  ///< bytes of the space of a device of conventional PCI

constexpr uint16_t kMemorySpace = 0x2;  ///< of the command
constexpr uint16_t kVgaController = 0x0300;
constexpr unsigned kBarCount = 6;
constexpr uint32_t kIoBar = 0x1;
constexpr uint32_t kBarType = 0x6, kBar64 = 0x4;
constexpr uint64_t kBarFlags = 0xf;
constexpr uint32_t kRomEnabled = 0x1, kRomFlags = 0x7ff;

}  // namespace

uint8_t PciDevice::byte(size_t offset) const {
    return std::to_integer<uint8_t>(config[offset]);
}

uint16_t PciDevice::le16(size_t offset) const {
    return static_cast<uint16_t>(byte(offset) | byte(offset + 1) << 8);
}

bool PciDevice::is_vga() const {
    return le16(kClass) == kVgaController;
}

std::optional<guest::Gpa> PciDevice::bar(unsigned number) const {
    const auto le32 = [this](size_t at) {
        return uint64_t{le16(at)} | uint64_t{le16(at + 2)} << 16;
    };
    if (number >= kBarCount || (le16(kCommand) & kMemorySpace) == 0) return std::nullopt;
    const size_t at = kBars + 4 * size_t{number};
    const uint64_t low = le32(at);
    if ((low & kIoBar) != 0) return std::nullopt;
    uint64_t address = low & ~kBarFlags;
    if ((low & kBarType) == kBar64 && number + 1 < kBarCount) address |= le32(at + 4) << 32;
    if (address == 0) return std::nullopt;
    return guest::Gpa{address};
}

std::optional<guest::Gpa> PciDevice::expansion_rom() const {
    const uint32_t value = le16(kExpansionRom) | static_cast<uint32_t>(le16(kExpansionRom + 2))
                                                     << 16;
    const bool mapped = (le16(kCommand) & kMemorySpace) != 0 && (value & kRomEnabled) != 0;
    const uint32_t address = value & ~kRomFlags;
    if (!mapped || address == 0) return std::nullopt;
    return guest::Gpa{address};
}

namespace {

/// A virtio device's state is a field "virtio" that begins with that of its PCI device: a version
/// of 4 bytes and the configuration space. [qemu hw/virtio/virtio.c, virtio_save]
Result<std::vector<std::byte>> virtio_config(const ByteSource& source, const DeviceState& device) {
    constexpr uint64_t kVersion = 4;
    std::vector<std::byte> config;
    const std::optional<FieldPlace> place = device.described->find("virtio");
    if (!place || place->size < kVersion + kConventional) return config;
    config.resize(kConventional);
    TRY(source.read_at(device.offset + place->offset + kVersion, config));
    return config;
}

}  // namespace

Result<std::vector<PciDevice>> read_pci_devices(const ByteSource& source,
                                                const MigrationStream& stream) {
    std::vector<PciDevice> devices;
    for (const DeviceState& device : stream.devices) {
        const size_t slash = device.name.rfind('/');
        if (slash == device.name.npos) continue;
        std::vector<std::byte> config = TRY(read_field(source, device, "config"));
        if (config.empty()) config = TRY(virtio_config(source, device));
        if (config.size() < kHeader) continue;
        devices.push_back({.path = device.name.substr(0, slash),
                           .kind = device.name.substr(slash + 1),
                           .config = std::move(config)});
    }
    return devices;
}

}  // namespace guestdump::vmcore
