// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration/memory_layout.h"

#include <algorithm>
#include <array>
#include <cinttypes>

#include "guest/range_list.h"
#include "target-i386/pc_memory_split.h"
#include "util/round.h"
#include "util/text.h"
#include "vmcore/contents.h"
#include "vmcore/migration/high_memory.h"
#include "vmcore/migration/host_bridge.h"
#include "vmcore/migration/main_memory.h"
#include "vmcore/migration/pci_devices.h"
#include "vmcore/migration/vga_window.h"

namespace guestdump::vmcore {
namespace {

using guest::Gpa;
using guest::GpaRange;
using target_i386::PcChipset;

constexpr uint64_t k1MiB = uint64_t{1} << 20, k4GiB = uint64_t{1} << 32;
/// The region for DIMMs begins at a multiple of this. [qemu hw/i386/pc.c,
/// pc_get_device_memory_range]
constexpr uint64_t kDeviceMemoryAlignment = uint64_t{1} << 30;

/// The option ROMs and the firmware below 1 MiB, if the host bridge shows them.
constexpr uint64_t kOptionRoms = 0xc0000, kLowFirmware = 0xe0000, kLowFirmwareSize = 0x20000;

class Placer {
  public:
    Placer(const ByteSource& source, const MigrationStream& stream, const RamAddresses& known)
        : source_(source), stream_(stream), known_(known), placed_(stream.blocks.size()) {}

    Result<MemoryLayout> place() {
        pci_ = TRY(read_pci_devices(source_, stream_));
        main_ = TRY(find_main_memory(source_, stream_));
        for (const size_t block : main_.blocks) placed_[block] = true;
        layout_.warnings = main_.warnings;
        TRY(find_above_4g());
        TRY(place_firmware());
        TRY(place_low_window());
        place_pci_memory();
        TRY(place_dimms());
        place_main();
        return std::move(layout_);
    }

  private:
    std::optional<size_t> find(std::string_view name) const {
        const auto& blocks = stream_.blocks;
        const auto found = std::find_if(blocks.begin(), blocks.end(),
                                        [&](const RamBlock& block) { return block.name == name; });
        if (found == blocks.end()) return std::nullopt;
        return static_cast<size_t>(found - blocks.begin());
    }

    /// Puts memory of a device at @range, over what lies there. Memory at a place that is taken by
    /// another device is left out.
    void put(GpaRange range, size_t block, uint64_t offset) {
        const RamBlock& ram = stream_.blocks[block];
        if (offset >= ram.size || range.start.value >= kMaxPhysicalAddress) return;
        range.size =
            std::min({range.size, ram.size - offset, kMaxPhysicalAddress - range.start.value});
        const bool taken = std::any_of(covered_.begin(), covered_.end(), [&](const GpaRange& one) {
            return one.overlap(range).has_value();
        });
        if (taken) {
            layout_.warnings.push_back(
                util::text("RAM block '%s' is left out: other memory is at 0x%" PRIx64 " too",
                           ram.name.c_str(), range.start.value));
            return;
        }
        covered_.push_back(range);
        layout_.memory.push_back({.range = range, .block = block, .offset = offset});
    }

    /// Sets the start of main memory above 4 GiB.
    Result<> find_above_4g() {
        if (known_.above_4g) {
            main_.above_start = *known_.above_4g;
        } else {
            main_.above_start = TRY(find_high_memory(
                source_, stream_, main_.chipset, {.main = main_.above_4g, .dimms = dimm_bytes()}));
        }
        const bool possible =
            main_.above_start == target_i386::kRamAbove4g || main_.above_start == kMovedRam;
        if (possible && main_.above_4g <= kMaxPhysicalAddress - main_.above_start) return {};
        return Error::make("'%s': 0x%" PRIx64 " bytes of main memory cannot be at 0x%" PRIx64,
                           name(), main_.above_4g, main_.above_start);
    }

    uint64_t dimm_bytes() const {
        uint64_t sum = 0;
        for (size_t i = 0; i < stream_.blocks.size(); ++i) {
            if (!is_dimm(i)) continue;
            const uint64_t size = std::min(stream_.blocks[i].size, kMaxPhysicalAddress);
            sum = std::min(sum + size, kMaxPhysicalAddress);
        }
        return sum;
    }

    /// The firmware ends at 4 GiB. Firmware in flash is not memory in QEMU's dump.
    Result<> place_firmware() {
        const auto bios = find("pc.bios");
        if (!bios) return {};
        placed_[*bios] = true;
        const uint64_t size = stream_.blocks[*bios].size;
        if (size > k4GiB)
            return Error::make("'%s': RAM block 'pc.bios' of 0x%" PRIx64 " bytes", name(), size);
        put({Gpa{k4GiB - size}, size}, *bios, 0);
        return {};
    }

    /// 0xa0000-0xfffff: what the host bridge and the graphics card show there.
    Result<> place_low_window() {
        const HostBridge bridge = TRY(HostBridge::of(pci_, main_.chipset));
        const VgaWindow vga = TRY(VgaWindow::of(source_, stream_, pci_));
        if (vga.owned && !bridge.shows_ram_at_vga()) {
            holes_.push_back(kVgaRange);
            if (vga.shown) put_vga(*vga.shown);
        }
        for (const GpaRange& range : bridge.hidden(main_.below_4g)) holes_.push_back(range);
        for (const GpaRange& range : bridge.pci_ranges()) put_rom(range);
        return {};
    }

    void put_vga(const VgaWindow::Shown& shown) {
        const auto block = find(shown.path + "/vga.vram");
        if (block) put(shown.range, *block, shown.offset);
    }

    /// Puts what PCI shows at @range below 1 MiB: option ROMs, or the end of the firmware.
    void put_rom(GpaRange range) {
        const auto rom = find("pc.rom");
        auto bios = find("isa-bios");  // the firmware's end, if it is in flash
        uint64_t bios_end = kLowFirmwareSize;
        if (!bios && (bios = find("pc.bios"))) bios_end = stream_.blocks[*bios].size;
        if (range.start.value < kLowFirmware && rom) {
            put(range, *rom, range.start.value - kOptionRoms);
        } else if (range.start.value >= kLowFirmware && bios) {
            const uint64_t from_end = k1MiB - range.start.value;
            if (from_end <= bios_end) put(range, *bios, bios_end - from_end);
        }
    }

    /// Video memory and ROMs, at the addresses that the guest gave them.
    void place_pci_memory() {
        for (size_t i = 0; i < stream_.blocks.size(); ++i) {
            const RamBlock& block = stream_.blocks[i];
            const size_t slash = block.name.rfind('/');
            if (slash == block.name.npos || slash == 0) continue;
            const auto device = std::find_if(pci_.begin(), pci_.end(), [&](const PciDevice& one) {
                return block.name.compare(0, slash, one.path) == 0;
            });
            const auto address = device == pci_.end()
                                     ? std::nullopt
                                     : address_of(*device, block.name.substr(slash + 1));
            if (address && !is_main({*address, block.size})) put({*address, block.size}, i, 0);
        }
    }

    /// Main memory hides the registers and memory of PCI devices.
    bool is_main(GpaRange range) const {
        const auto meets = [&](uint64_t start, uint64_t size) {
            return size != 0 && range.overlap({Gpa{start}, size});
        };
        return meets(0, main_.below_4g) || meets(main_.above_start, main_.above_4g);
    }

    /// The register of a device that maps its block called @block. [qemu hw/display/qxl.c,
    /// vga-pci.c]
    static std::optional<Gpa> address_of(const PciDevice& device, std::string_view block) {
        struct Bar {
            std::string_view block;
            unsigned number;
        };
        constexpr std::array kBars = {Bar{"vga.vram", 0}, Bar{"qxl.vgavram", 0}, Bar{"qxl.vram", 1},
                                      Bar{"qxl.vrom", 2}};
        for (const Bar& bar : kBars) {
            if (bar.block == block) return device.bar(bar.number);
        }
        return block.ends_with(".rom") ? device.expansion_rom() : std::nullopt;
    }

    bool is_dimm(size_t index) const {
        const std::string& block = stream_.blocks[index].name;
        constexpr std::array<std::string_view, 5> kOthers = {"pc.bios", "pc.rom", "isa-bios",
                                                             "tpm-ppi", "vga.vram"};
        const bool other = std::find(kOthers.begin(), kOthers.end(), block) != kOthers.end() ||
                           block.starts_with("system.flash") ||
                           (block.find('/') != block.npos && !block.starts_with("/objects/"));
        return !placed_[index] && !other;
    }

    /// The number of slots for DIMMs that are in use, by the state of ACPI memory hotplug. Empty if
    /// the machine has no slots. [qemu hw/acpi/memory_hotplug.c, vmstate_memhp_sts]
    Result<std::optional<size_t>> used_slots() const {
        std::optional<size_t> used;
        for (const DeviceState& device : stream_.devices) {
            const auto place = device.described->find("devs");
            if (!place || place->size == 0 || !device.described->find("ost_event")) continue;
            const std::vector<std::byte> slots = TRY(read_field(source_, device, "devs"));
            used = 0;
            for (size_t at = 0; at < slots.size(); at += place->size)
                *used += slots[at] != std::byte{0} ? 1 : 0;  // is_enabled comes first
        }
        return used;
    }

    bool has_virtio_mem() const {
        return std::any_of(stream_.devices.begin(), stream_.devices.end(), [](const auto& device) {
            return device.name.find("virtio-mem") != std::string::npos;
        });
    }

    Result<> place_dimms() {
        std::vector<size_t> unknown;
        for (size_t i = 0; i < stream_.blocks.size(); ++i) {
            if (!is_dimm(i)) continue;
            const RamBlock& block = stream_.blocks[i];
            const auto known = known_.dimms.find(block.name);
            if (known == known_.dimms.end()) {
                unknown.push_back(i);
            } else {
                put({Gpa{known->second}, block.size}, i, 0);
            }
        }
        if (unknown.empty()) return {};
        const std::optional<size_t> used = TRY(used_slots());
        const bool alone =
            unknown.size() == 1 && known_.dimms.empty() && used == size_t{1} && !has_virtio_mem();
        if (alone) {
            // QEMU puts the first DIMM at the start of the region for them.
            const uint64_t above = std::max(main_.above_start + main_.above_4g, k4GiB);
            const size_t only = unknown.front();
            put({Gpa{util::round_up(above, kDeviceMemoryAlignment)}, stream_.blocks[only].size},
                only, 0);
            return {};
        }
        for (const size_t i : unknown) layout_.unplaced.push_back(stream_.blocks[i].name);
        return {};
    }

    /// Main memory lies below everything else.
    void place_main() {
        holes_.insert(holes_.end(), covered_.begin(), covered_.end());
        const guest::RangeList over = guest::joined(holes_);
        uint64_t done = 0;
        for (const size_t block : main_.blocks) {
            const uint64_t size = stream_.blocks[block].size;
            const uint64_t low = done < main_.below_4g ? std::min(size, main_.below_4g - done) : 0;
            add_main(Gpa{done}, low, block, 0, over);
            const uint64_t high = main_.above_start + (done + low - main_.below_4g);
            add_main(Gpa{high}, size - low, block, low, over);
            done += size;
        }
    }

    void add_main(Gpa start, uint64_t size, size_t block, uint64_t offset,
                  const guest::RangeList& over) {
        if (size == 0) return;
        for (const GpaRange& range : guest::ranges_without({{start, size}}, over)) {
            layout_.memory.push_back({.range = range,
                                      .block = block,
                                      .offset = offset + (range.start.value - start.value)});
        }
    }

    const char* name() const { return source_.name().c_str(); }

    const ByteSource& source_;
    const MigrationStream& stream_;
    const RamAddresses& known_;
    std::vector<bool> placed_;
    std::vector<PciDevice> pci_;
    MainMemory main_;
    std::vector<GpaRange> covered_;  ///< by memory other than main memory
    std::vector<GpaRange> holes_;    ///< addresses where main memory is not seen
    MemoryLayout layout_;
};

}  // namespace

Result<MemoryLayout> place_memory(const ByteSource& source, const MigrationStream& stream,
                                  const RamAddresses& known) {
    return Placer(source, stream, known).place();
}

}  // namespace guestdump::vmcore
