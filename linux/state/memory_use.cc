// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/state/memory_use.h"

#include <initializer_list>

namespace guestdump::linux_guest {
namespace {

constexpr uint64_t kPage = 4096;

/// A class that is the sum of counters: elements of an array, with enum constants as indices.
struct Counter {
    const char* name;
    const char* array;
    std::initializer_list<const char*> constants;
    uint64_t unit = kPage;  ///< bytes
};

// [linux include/linux/mmzone.h; fs/proc/meminfo.c for the names]
const Counter kCounters[] = {
    {"free", "vm_zone_stat", {"NR_FREE_PAGES"}},
    {"anonymous", "vm_node_stat", {"NR_ANON_MAPPED"}},
    {"file", "vm_node_stat", {"NR_FILE_PAGES"}},
    {"shared", "vm_node_stat", {"NR_SHMEM"}},
    {"dirty", "vm_node_stat", {"NR_FILE_DIRTY"}},
    {"writeback", "vm_node_stat", {"NR_WRITEBACK"}},
    {"slab", "vm_node_stat", {"NR_SLAB_RECLAIMABLE_B", "NR_SLAB_UNRECLAIMABLE_B"}},
    {"kernel-stacks", "vm_node_stat", {"NR_KERNEL_STACK_KB"}, 1024},
    {"page-tables", "vm_node_stat", {"NR_PAGETABLE"}},
};

std::optional<uint64_t> read_counter(const VirtualMemory& memory, const SymbolTable& symbols,
                                     const Btf& types, const Counter& counter) {
    const auto array = symbols.address_of(counter.array);
    if (!array) return std::nullopt;
    uint64_t sum = 0;
    for (const char* constant : counter.constants) {
        const auto index = types.enumerator(constant);
        if (!index || *index < 0 || *index > 1024) return std::nullopt;
        const auto value =
            read_u64(memory, guest::Gva{array->value + 8 * static_cast<uint64_t>(*index)});
        if (!value) return std::nullopt;
        // A counter may be below zero while single CPUs still keep counts.
        if (static_cast<int64_t>(*value) > 0) sum += *value;
    }
    return sum * counter.unit;
}

}  // namespace

std::vector<MemoryClass> read_memory_use(const VirtualMemory& memory, const SymbolTable& symbols,
                                         const Btf& types) {
    std::vector<MemoryClass> classes;
    if (const auto total = symbols.address_of("_totalram_pages")) {
        const auto pages = read_u64(memory, *total);
        if (pages) classes.push_back({"total", *pages * kPage});
    }
    for (const Counter& counter : kCounters) {
        const auto bytes = read_counter(memory, symbols, types, counter);
        if (bytes) classes.push_back({counter.name, *bytes});
    }
    return classes;
}

}  // namespace guestdump::linux_guest
