// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration/host_bridge.h"

#include <algorithm>
#include <array>

namespace guestdump::vmcore {
namespace {

using guest::Gpa;
using guest::GpaRange;
using target_i386::PcChipset;

// Offsets in the configuration space.
constexpr size_t kPamI440fx = 0x59, kPamQ35 = 0x90;
constexpr size_t kSmramI440fx = 0x72, kSmramQ35 = 0x9d;
constexpr size_t kExtendedTsegMib = 0x50;  ///< le16; QEMU's own
constexpr size_t kSmbaseLock = 0x9c;       ///< QEMU's own
constexpr size_t kExtendedSmram = 0x9e;
constexpr size_t kConfigSize = 0x100;

constexpr uint8_t kSmramOpen = 0x40, kSmramEnabled = 0x08;
constexpr uint8_t kTsegEnabled = 0x01, kTsegSize = 0x06;
constexpr uint8_t kSmbaseLocked = 0x02;
constexpr unsigned kPamAttributes = 0x3;

/// The parts of 0xc0000-0xfffff in the order of the registers' halves: the high half of PAM0, then
/// the low and the high half of each other one.
constexpr size_t kPamRanges = 13;

constexpr GpaRange pam_range(size_t index) {
    if (index == 0) return {Gpa{0xf0000}, 0x10000};
    return {Gpa{0xc0000 + (index - 1) * 0x4000}, 0x4000};
}

constexpr GpaRange kSmbase{Gpa{0x30000}, 0x20000};

}  // namespace

Result<HostBridge> HostBridge::of(const std::vector<PciDevice>& devices, PcChipset chipset) {
    HostBridge bridge;
    bridge.chipset_ = chipset;
    const char* const kind = chipset == PcChipset::q35 ? "mch" : "I440FX";
    const auto found = std::find_if(devices.begin(), devices.end(),
                                    [&](const PciDevice& device) { return device.kind == kind; });
    if (found == devices.end()) return bridge;
    if (found->config.size() < kConfigSize)
        return Error::make(
            "the configuration space of '%s/%s' has %zu bytes, a host bridge has %zu",
            found->path.c_str(), kind, found->config.size(), kConfigSize);
    bridge.device_ = *found;
    bridge.known_ = true;
    return bridge;
}

std::vector<GpaRange> HostBridge::pci_ranges() const {
    std::vector<GpaRange> ranges;
    if (!known_) return ranges;
    const size_t pam = chipset_ == PcChipset::q35 ? kPamQ35 : kPamI440fx;
    for (size_t i = 0; i < kPamRanges; ++i) {
        const unsigned high = i % 2 == 0 ? 4 : 0;
        const unsigned value = device_.byte(pam + (i + 1) / 2) >> high & kPamAttributes;
        // Any other value shows RAM: to read, to write, or both. QEMU shows it to readers always.
        if (value == 0) ranges.push_back(pam_range(i));
    }
    return ranges;
}

bool HostBridge::shows_ram_at_vga() const {
    const size_t smram = chipset_ == PcChipset::q35 ? kSmramQ35 : kSmramI440fx;
    return known_ && (device_.byte(smram) & kSmramOpen) != 0;
}

std::vector<GpaRange> HostBridge::hidden(uint64_t below_4g) const {
    std::vector<GpaRange> ranges;
    if (!known_ || chipset_ != PcChipset::q35) return ranges;
    if ((device_.byte(kSmbaseLock) & kSmbaseLocked) != 0) ranges.push_back(kSmbase);
    const uint8_t extended = device_.byte(kExtendedSmram);
    const bool enabled =
        (extended & kTsegEnabled) != 0 && (device_.byte(kSmramQ35) & kSmramEnabled) != 0;
    if (!enabled) return ranges;
    constexpr std::array<uint64_t, 3> kSizes = {1, 2, 8};
    const unsigned choice = (extended & kTsegSize) >> 1;
    const uint64_t mib = choice < kSizes.size() ? kSizes[choice] : device_.le16(kExtendedTsegMib);
    const uint64_t size = mib << 20;
    if (size != 0 && size <= below_4g) ranges.push_back({Gpa{below_4g - size}, size});
    return ranges;
}

}  // namespace guestdump::vmcore
