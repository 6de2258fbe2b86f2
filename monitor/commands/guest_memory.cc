// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/commands/guest_memory.h"

#include <algorithm>
#include <cinttypes>
#include <utility>

#include "guest/memory_map.h"
#include "target-i386/cpu.h"

namespace guestdump::monitor {
namespace {

constexpr uint64_t kPage = 4096;

/// Reads page by page, as the processor would: only the tables of the addresses that are asked for
/// are looked at.
Result<> read_translated(const guest::Cpu& cpu, const guest::PageSource& memory, uint64_t from,
                         std::span<std::byte> out) {
    while (!out.empty()) {
        const std::optional<guest::Gpa> at = cpu.translate(guest::Gva{from}, memory);
        if (!at) return Error::make("0x%" PRIx64 " is not mapped", from);
        const size_t size = std::min<uint64_t>(out.size(), kPage - from % kPage);
        TRY(memory.read(*at, out.first(size)));
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
    if (!(registers.cr0 & target_i386::kCr0Paging)) return physical_reader(machine);
    return MemoryReader([frozen = target_i386::make_cpu(registers), memory = machine.page_source()](
                            uint64_t from, std::span<std::byte> out) {
        return read_translated(frozen, *memory, from, out);
    });
}

}  // namespace guestdump::monitor
