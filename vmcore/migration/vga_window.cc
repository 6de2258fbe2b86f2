// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration/vga_window.h"

#include <array>

namespace guestdump::vmcore {
namespace {

using guest::Gpa;
using guest::GpaRange;

// Registers of the sequencer and of the graphics controller. [vga]
constexpr size_t kPlaneWrite = 2, kMemoryMode = 4, kMiscellaneous = 6;
constexpr uint8_t kAllPlanes = 0x0f;
constexpr uint8_t kChain4 = 0x08;

/// The range by bits 2 and 3 of the register Miscellaneous.
constexpr std::array<GpaRange, 4> kMaps = {
    GpaRange{Gpa{0xa0000}, 0x20000}, GpaRange{Gpa{0xa0000}, 0x10000},
    GpaRange{Gpa{0xb0000}, 0x8000}, GpaRange{Gpa{0xb8000}, 0x8000}};
constexpr size_t kBankedMap = 1;

/// The number at @index of @values; 0 if it is not there.
uint64_t at(const std::vector<uint64_t>& values, size_t index) {
    return index < values.size() ? values[index] : 0;
}

Result<std::vector<uint64_t>> bytes_of(const ByteSource& source, const DeviceState& device,
                                       std::string_view field) {
    const std::vector<std::byte> bytes = TRY(read_field(source, device, field));
    std::vector<uint64_t> values;
    for (const std::byte byte : bytes) values.push_back(std::to_integer<uint64_t>(byte));
    return values;
}

Result<std::optional<VgaWindow::Shown>> shown_by(const ByteSource& source,
                                                 const DeviceState& device,
                                                 const std::string& path) {
    const std::vector<uint64_t> sequencer = TRY(bytes_of(source, device, "sr"));
    const std::vector<uint64_t> graphics = TRY(bytes_of(source, device, "gr"));
    const std::vector<uint64_t> bank = TRY(read_numbers(source, device, "bank_offset"));
    const bool chained = (at(sequencer, kPlaneWrite) & kAllPlanes) == kAllPlanes &&
                         (at(sequencer, kMemoryMode) & kChain4) != 0;
    if (!chained) return std::optional<VgaWindow::Shown>();
    const size_t map = at(graphics, kMiscellaneous) >> 2 & 3;
    return std::optional(VgaWindow::Shown{
        .path = path, .range = kMaps[map], .offset = map == kBankedMap ? at(bank, 0) : 0});
}

}  // namespace

Result<VgaWindow> VgaWindow::of(const ByteSource& source, const MigrationStream& stream,
                                const std::vector<PciDevice>& devices) {
    VgaWindow window;
    for (const PciDevice& device : devices) {
        if (!device.is_vga()) continue;
        window.owned = true;
        // A virtio device has its VGA registers in a second section.
        for (const DeviceState& state : stream.devices) {
            if (!state.name.starts_with(device.path + "/") || window.shown) continue;
            window.shown = TRY(shown_by(source, state, device.path));
        }
        return window;
    }
    // An ISA card has no configuration space, and a stream that was cut off has no devices. A card
    // with another class, such as secondary-vga, does not own the range.
    for (const RamBlock& block : stream.blocks) {
        const bool unknown = devices.empty() && block.name.ends_with("/vga.vram");
        if (block.name == "vga.vram" || unknown) window.owned = true;
    }
    return window;
}

}  // namespace guestdump::vmcore
