// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/commands/guest_memory.h"

#include <algorithm>
#include <cinttypes>
#include <utility>

#include "guest/memory_map.h"
#include "target-i386/cpu.h"

namespace guestdump::monitor {
namespace {

using guest::GuestPhysBlockList;
using guest::MemoryMapping;

/// The mapping that holds @address, of mappings sorted by virtual address.
Result<MemoryMapping> find_mapping(std::span<const MemoryMapping> mappings, uint64_t address) {
    const auto after = std::ranges::upper_bound(
        mappings, address, {}, [](const MemoryMapping& mapping) { return mapping.virt.value; });
    if (after != mappings.begin()) {
        const MemoryMapping& found = *(after - 1);
        if (address - found.virt.value < found.length) return found;
    }
    return Error::make("0x%" PRIx64 " is not mapped", address);
}

Result<> read_mapped(const GuestPhysBlockList& memory, std::span<const MemoryMapping> mappings,
                     uint64_t from, std::span<std::byte> out) {
    while (!out.empty()) {
        const MemoryMapping mapping = TRY(find_mapping(mappings, from));
        const uint64_t skip = from - mapping.virt.value;
        const size_t size = std::min<uint64_t>(out.size(), mapping.length - skip);
        TRY(memory.read(guest::Gpa{mapping.phys.value + skip}, out.first(size)));
        out = out.subspan(size);
        from += size;
    }
    return {};
}

}  // namespace

Result<target_i386::Registers> registers_of(vm::Machine& machine, int64_t cpu) {
    if (cpu < 0 || cpu >= machine.cpu_count()) return Error::make("invalid CPU index");
    return machine.registers(static_cast<unsigned>(cpu));
}

MemoryReader physical_reader(const vm::Machine& machine) {
    return [memory = machine.blocks()](uint64_t from, std::span<std::byte> out) {
        return memory.read(guest::Gpa{from}, out);
    };
}

Result<MemoryReader> virtual_reader(vm::Machine& machine, int64_t cpu) {
    const target_i386::Registers registers = TRY(registers_of(machine, cpu));
    const target_i386::Cpu frozen(registers);
    if (!frozen.paging_root()) return physical_reader(machine);
    GuestPhysBlockList memory = machine.blocks();
    const auto list = std::make_shared<guest::MemoryMappingList>();
    TRY(frozen.append_mappings(memory, *list));
    list->normalize();
    return MemoryReader(
        [memory = std::move(memory), list](uint64_t from, std::span<std::byte> out) {
            return read_mapped(memory, list->view(), from, out);
        });
}

}  // namespace guestdump::monitor
