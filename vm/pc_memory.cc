// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/pc_memory.h"

#include <algorithm>

#include "target-i386/pc_memory_split.h"

namespace guestdump::vm {
namespace {

constexpr uint64_t kKiB = uint64_t{1} << 10;
constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kFourGiB = uint64_t{1} << 32;

constexpr uint64_t kVgaWindow = 0xa0000;  ///< ends at kOptionRom
constexpr uint64_t kOptionRom = 0xc0000;
constexpr uint64_t kOptionRomSize = 128 * kKiB;
constexpr uint64_t kIsaBiosMost = 128 * kKiB;  ///< most of its end that shows below 1 MiB
constexpr uint64_t kVideoRam = 0xfd000000;
constexpr uint64_t kVideoRamSize = 16 * kMiB;
constexpr uint64_t kBiosLeast = 64 * kKiB, kBiosMost = 16 * kMiB;

Result<> add_piece(AddressSpace& memory, const std::shared_ptr<Ram>& ram, uint64_t at, uint64_t end,
                   uint64_t offset, MemoryKind kind = MemoryKind::ram) {
    if (at >= end) return {};
    const GpaRange range{Gpa{at}, end - at};
    return memory.add({.range = range,
                       .region = ram,
                       .offset = offset,
                       .host = ram->host() + offset,
                       .kind = kind,
                       .ram = ram});
}

Result<std::shared_ptr<Ram>> make_rom(const char* name, uint64_t size) {
    RamSpec spec;
    spec.id = name;
    spec.size = size;
    return Ram::create(spec);
}

/// RAM below 1 MiB with its windows. RAM under a ROM is not visible.
Result<> add_first_megabyte(AddressSpace& memory, const std::shared_ptr<Ram>& ram,
                            uint64_t isa_bios, Vga vga) {
    const uint64_t size = ram->size();
    TRY(add_piece(memory, ram, 0, std::min(size, vga == Vga::std ? kVgaWindow : kOptionRom), 0));
    const uint64_t behind_rom = kOptionRom + kOptionRomSize;
    return add_piece(memory, ram, behind_rom, std::min(size, isa_bios), behind_rom);
}

Result<> add_bios(PcMemory& pc, std::span<const std::byte> bios) {
    const std::shared_ptr<Ram> rom = TRY(make_rom("pc.bios", bios.size()));
    const uint64_t shown = std::min<uint64_t>(bios.size(), kIsaBiosMost);
    TRY(add_piece(pc.memory, rom, kMiB - shown, kMiB, bios.size() - shown, MemoryKind::rom));
    TRY(add_piece(pc.memory, rom, kFourGiB - bios.size(), kFourGiB, 0, MemoryKind::rom));
    pc.images.push_back({Gpa{kFourGiB - bios.size()}, {bios.begin(), bios.end()}});
    return {};
}

target_i386::PcChipset chipset_of(MachineType type) {
    return type == MachineType::q35 ? target_i386::PcChipset::q35 : target_i386::PcChipset::i440fx;
}

}  // namespace

Result<PcMemory> pc_memory(MachineType type, std::shared_ptr<Ram> ram,
                           std::span<const std::byte> bios, Vga vga) {
    if (bios.size() < kBiosLeast || bios.size() > kBiosMost || bios.size() % 4096 != 0) {
        return Error::make("firmware of 0x%zx bytes: must be whole pages, from 0x%" PRIx64
                           " to 0x%" PRIx64,
                           bios.size(), kBiosLeast, kBiosMost);
    }
    PcMemory pc;
    const uint64_t isa_bios = kMiB - std::min<uint64_t>(bios.size(), kIsaBiosMost);
    TRY(add_first_megabyte(pc.memory, ram, isa_bios, vga));
    const std::shared_ptr<Ram> option_rom = TRY(make_rom("pc.rom", kOptionRomSize));
    TRY(add_piece(pc.memory, option_rom, kOptionRom, kOptionRom + kOptionRomSize, 0,
                  MemoryKind::rom));

    const target_i386::PcMemorySplit split =
        target_i386::split_pc_memory(chipset_of(type), ram->size());
    TRY(add_piece(pc.memory, ram, kMiB, split.below, kMiB));
    TRY(add_piece(pc.memory, ram, target_i386::kRamAbove4g, target_i386::kRamAbove4g + split.above,
                  split.below));
    if (vga == Vga::std) {
        const std::shared_ptr<Ram> video = TRY(make_rom("vga.vram", kVideoRamSize));
        TRY(add_piece(pc.memory, video, kVideoRam, kVideoRam + kVideoRamSize, 0));
    }
    TRY(add_bios(pc, bios));
    return pc;
}

}  // namespace guestdump::vm
