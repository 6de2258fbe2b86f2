// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/commands/guest_memory.h"

#include <algorithm>
#include <cinttypes>
#include <optional>

#include "guest/memory_map.h"
#include "target-i386/cpu.h"

namespace guestdump::monitor {
namespace {

using guest::GuestPhysBlockList;

/// Bytes of a page of the smallest size, which every paging mode has.
constexpr uint64_t kPageBytes = 4096;

/// Copies memory at virtual address @from. Translates each page once and looks at no other part of
/// the page tables, because the guest decides how large they are.
Result<> read_virtual(const target_i386::Cpu& cpu, const GuestPhysBlockList& memory, uint64_t from,
                      std::span<std::byte> out) {
    while (!out.empty()) {
        const auto found = cpu.translate(guest::Gva{from}, memory, std::nullopt);
        if (!found) return Error::make("0x%" PRIx64 " is not mapped", from);
        const size_t size = std::min<uint64_t>(out.size(), kPageBytes - from % kPageBytes);
        TRY(memory.read(*found, out.first(size)));
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
    return MemoryReader(
        [memory = machine.blocks(), frozen](uint64_t from, std::span<std::byte> out) {
            return read_virtual(frozen, memory, from, out);
        });
}

}  // namespace guestdump::monitor
