// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration/main_memory.h"

#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <optional>

#include "vmcore/contents.h"

namespace guestdump::vmcore {
namespace {

using target_i386::PcChipset;
using target_i386::PcMemorySplit;

constexpr uint64_t k1MiB = uint64_t{1} << 20, k16MiB = uint64_t{16} << 20;
constexpr uint64_t kCmosUnit = uint64_t{64} << 10;

// Bytes of the CMOS. [qemu hw/i386/pc.c, pc_cmos_init]
constexpr size_t kExtendedKiB = 0x30;  ///< le16, from 1 MiB on
constexpr size_t kBelow4G = 0x34;      ///< le16, from 16 MiB on, in kCmosUnit
constexpr size_t kAbove4G = 0x5b;      ///< 24 bits, in kCmosUnit
constexpr size_t kCmosSize = 128;

Result<PcChipset> chipset_of(const ByteSource& source, const MigrationStream& stream) {
    const std::string& type = stream.machine_type;
    if (type.starts_with("pc-q35-")) return PcChipset::q35;
    // "pc-i440fx-7.2", and "pc-1.0" and older.
    if (type.starts_with("pc-")) return PcChipset::i440fx;
    if (type.empty() && stream.find("0000:00:00.0/mch")) return PcChipset::q35;
    if (type.empty() && stream.find("0000:00:00.0/I440FX")) return PcChipset::i440fx;
    return Error::make(
        "'%s': the memory layout of machine type '%s' is not known; only pc and q35 "
        "are",
        source.name().c_str(), type.c_str());
}

/// The split that the machine wrote into its CMOS. Empty if the stream has no CMOS. A guest can
/// write there too, so the caller compares the sum with the memory that the stream has.
Result<std::optional<PcMemorySplit>> cmos_split(const ByteSource& source,
                                                const MigrationStream& stream) {
    const DeviceState* const clock = stream.find("mc146818rtc");
    if (!clock) return std::optional<PcMemorySplit>();
    const std::vector<std::byte> cmos = TRY(read_field(source, *clock, "cmos_data"));
    if (cmos.size() != kCmosSize) return std::optional<PcMemorySplit>();
    const auto number = [&](size_t at, size_t size) {
        uint64_t value = 0;
        for (size_t i = size; i-- > 0;)
            value = value << 8 | std::to_integer<uint64_t>(cmos[at + i]);
        return value;
    };
    PcMemorySplit split;
    const uint64_t from_16m = number(kBelow4G, 2);
    split.below =
        from_16m != 0 ? k16MiB + from_16m * kCmosUnit : k1MiB + number(kExtendedKiB, 2) * 1024;
    split.above = number(kAbove4G, 3) * kCmosUnit;
    return std::optional(split);
}

/// The number after "ram-node", as libvirt and QEMU's documentation call the memory of NUMA nodes.
std::optional<unsigned> node_of(std::string_view block) {
    constexpr std::string_view kPrefix = "ram-node", kCanonical = "/objects/";
    if (block.starts_with(kCanonical)) block.remove_prefix(kCanonical.size());
    if (!block.starts_with(kPrefix)) return std::nullopt;
    block.remove_prefix(kPrefix.size());
    unsigned number = 0;
    const auto parsed = std::from_chars(block.data(), block.data() + block.size(), number);
    const bool whole = parsed.ec == std::errc{} && parsed.ptr == block.data() + block.size();
    return whole ? std::optional(number) : std::nullopt;
}

/// Finds the blocks whose sum is @total bytes. Empty if there are none.
std::vector<size_t> blocks_of(const MigrationStream& stream, uint64_t total) {
    const auto& blocks = stream.blocks;
    std::vector<size_t> nodes;
    std::optional<size_t> whole;
    bool several = false;
    for (size_t i = 0; i < blocks.size(); ++i) {
        if (node_of(blocks[i].name)) nodes.push_back(i);
        if (blocks[i].size != total) continue;
        if (blocks[i].name == "pc.ram") return {i};
        several = whole.has_value();
        whole = i;
    }
    std::sort(nodes.begin(), nodes.end(), [&](size_t a, size_t b) {
        return *node_of(blocks[a].name) < *node_of(blocks[b].name);
    });
    uint64_t sum = 0;
    for (const size_t node : nodes) sum += blocks[node].size;
    if (sum == total && !nodes.empty()) return nodes;
    if (whole && !several) return {*whole};
    return {};
}

/// Without a CMOS: "pc.ram", or the largest block.
std::vector<size_t> likely_blocks(const MigrationStream& stream) {
    const auto& blocks = stream.blocks;
    size_t largest = 0;
    for (size_t i = 0; i < blocks.size(); ++i) {
        if (blocks[i].name == "pc.ram") return {i};
        if (blocks[i].size > blocks[largest].size) largest = i;
    }
    if (blocks.empty()) return {};
    return {largest};
}

}  // namespace

Result<MainMemory> find_main_memory(const ByteSource& source, const MigrationStream& stream) {
    MainMemory memory;
    memory.chipset = TRY(chipset_of(source, stream));
    const std::optional<PcMemorySplit> recorded = TRY(cmos_split(source, stream));
    if (recorded) memory.blocks = blocks_of(stream, recorded->below + recorded->above);
    const bool known = !memory.blocks.empty();
    if (!known) memory.blocks = likely_blocks(stream);
    if (memory.blocks.empty())
        return Error::make("'%s': the stream has no RAM blocks", source.name().c_str());
    uint64_t total = 0;
    for (const size_t block : memory.blocks) total += stream.blocks[block].size;
    if (total > kMaxPhysicalAddress - target_i386::kRamAbove4g) {
        return Error::make("'%s': 0x%" PRIx64 " bytes of main memory, x86 has 52-bit addresses",
                           source.name().c_str(), total);
    }
    const PcMemorySplit split =
        known ? *recorded : target_i386::split_pc_memory(memory.chipset, total);
    memory.below_4g = split.below;
    memory.above_4g = split.above;
    if (recorded && !known) {
        memory.warnings.push_back(
            "the CMOS does not record the size of main memory: RAM block '" +
            stream.blocks[memory.blocks.front()].name +
            "' is taken for it, and is split as the machine type does by default");
    }
    return memory;
}

}  // namespace guestdump::vmcore
