// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/memory_map/kernel_counts.h"

#include <algorithm>
#include <cinttypes>

#include "util/result.h"

namespace guestdump::linux_guest {
namespace {

using guest::Gva;

constexpr uint64_t kMostNodes = 1024;
constexpr uint64_t kMostZones = 16;                  ///< limit for one node; Linux has at most 6
constexpr uint64_t kMostOffset = uint64_t{1} << 24;  ///< limit on offsets in these structs
constexpr uint64_t kMostCounters = 256;              ///< limit for one zone

/// Addresses and offsets that lead to the counters.
struct CounterPlaces {
    uint64_t nodes, node_count;
    uint64_t zones, zone_count, zone_size, counter;  ///< in a pglist_data; in a zone
};

std::optional<CounterPlaces> counter_places(const Vmcoreinfo& vmcoreinfo) {
    const auto nodes = vmcoreinfo.symbol("node_data");
    const auto node_count = vmcoreinfo.length("node_data");
    const auto zones = vmcoreinfo.offset("pglist_data.node_zones");
    const auto zone_count = vmcoreinfo.offset("pglist_data.nr_zones");
    const auto zone_size = vmcoreinfo.size("zone");
    const auto counters = vmcoreinfo.offset("zone.vm_stat");
    const auto index = vmcoreinfo.number("NR_FREE_PAGES");
    if (!nodes || !node_count || !zones || !zone_count || !zone_size || !counters || !index)
        return std::nullopt;
    const uint64_t most = std::max({*zones, *zone_count, *zone_size, *counters});
    if (most > kMostOffset || *node_count > kMostNodes || *index >= kMostCounters)
        return std::nullopt;
    return CounterPlaces{*nodes,      *node_count, *zones,
                         *zone_count, *zone_size,  *counters + 8 * *index};
}

/// Size of a field of struct new_utsname, with its NUL. The release is field 2. [linux
/// include/uapi/linux/utsname.h]
constexpr size_t kReleaseBytes = 65;
constexpr uint64_t kReleaseAt = uint64_t{2} * kReleaseBytes;
/// Offset of the name in struct uts_namespace up to Linux 5.10, whose VMCOREINFO does not have it.
/// [linux include/linux/utsname.h]
constexpr uint64_t kOldNameAt = 4;

}  // namespace

std::optional<uint64_t> free_pages_by_kernel(const Vmcoreinfo& vmcoreinfo, KernelReader& reader) {
    const auto places = counter_places(vmcoreinfo);
    if (!places) return std::nullopt;
    uint64_t sum = 0;
    bool has_node = false;
    for (uint64_t node = 0; node < places->node_count; ++node) {
        const auto data = reader.value<uint64_t>(Gva{places->nodes + 8 * node});
        if (!data) return std::nullopt;
        if (*data == 0) continue;
        const auto zones = reader.value<uint32_t>(Gva{*data + places->zone_count});
        if (!zones || *zones > kMostZones) return std::nullopt;
        for (uint64_t zone = 0; zone < *zones; ++zone) {
            const uint64_t at = *data + places->zones + zone * places->zone_size;
            const auto count = reader.value<uint64_t>(Gva{at + places->counter});
            if (!count) return std::nullopt;
            sum += *count;
        }
        has_node = true;
    }
    if (!has_node) return std::nullopt;
    return sum;
}

Result<> check_release(const Vmcoreinfo& vmcoreinfo, KernelReader& reader) {
    const auto release = vmcoreinfo.value("OSRELEASE");
    const auto names = vmcoreinfo.symbol("init_uts_ns");
    if (!release || !names) {
        return Error::make("VMCOREINFO has no %s", release ? "SYMBOL(init_uts_ns)" : "OSRELEASE");
    }
    const uint64_t offset = vmcoreinfo.offset("uts_namespace.name").value_or(kOldNameAt);
    const std::string found = TRY(reader.text(Gva{*names + offset + kReleaseAt}, kReleaseBytes));
    if (found == *release) return {};
    return Error::make(
        "VMCOREINFO has OSRELEASE=%.*s, but the kernel in memory has the release '%s'",
        static_cast<int>(std::min<size_t>(release->size(), kReleaseBytes)), release->data(),
        found.c_str());
}

}  // namespace guestdump::linux_guest
