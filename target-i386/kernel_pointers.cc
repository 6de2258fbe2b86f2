// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/kernel_pointers.h"

#include <algorithm>
#include <array>

#include "target-i386/paging_mode.h"
#include "target-i386/translate.h"
#include "util/stored.h"

namespace guestdump::target_i386 {
namespace {

using guest::Gva;

/// The task state of long mode. [SDM 3A figure 7-11]
struct TaskState64 {
    util::le32 reserved0;
    std::array<util::le64, 3> rsp;
    util::le64 reserved1;
    std::array<util::le64, 7> ist;
};
static_assert(sizeof(TaskState64) == 92);

constexpr uint16_t kPrivilege = 3;  ///< RPL of CS, which is the privilege level [SDM 3A 5.5]

/// Upper half of the address space: where a 64-bit kernel has all of its own.
bool is_kernels(uint64_t address) {
    return address >> 63 != 0;
}

std::optional<TaskState64> read_task_state(uint64_t address, const guest::PageTables& tables,
                                           const guest::PageSource& memory) {
    TaskState64 state;
    std::span<std::byte> rest = std::as_writable_bytes(std::span(&state, 1));
    while (!rest.empty()) {
        const guest::PageWalk walk = walk_tables(tables, Gva{address}, memory);
        const uint64_t length = walk.size - (address & (walk.size - 1));
        const size_t part = std::min<uint64_t>(rest.size(), length);
        if (!walk.phys || !memory.read(*walk.phys, rest.first(part))) return std::nullopt;
        address += part;
        rest = rest.subspan(part);
    }
    return state;
}

void add_if_kernels(uint64_t address, std::vector<Gva>& list) {
    if (is_kernels(address)) list.push_back(Gva{address});
}

}  // namespace

guest::PageWalk walk_tables(const guest::PageTables& tables, Gva address,
                            const guest::PageSource& memory) {
    const std::optional<PagingMode> mode = PagingMode::of(tables);
    return mode ? walk_to(*mode, tables.root, address, memory) : guest::PageWalk{};
}

guest::KernelPointers kernel_pointers(const Registers& registers, const guest::PageTables& tables,
                                      const guest::PageSource& memory) {
    guest::KernelPointers pointers;
    if ((registers.cs.selector & kPrivilege) == 0) {
        pointers.instruction = Gva{registers.rip};
        pointers.stack = Gva{registers.rsp};
    }
    for (const uint64_t base : {registers.gdt.base, registers.idt.base, registers.tr.base,
                                registers.gs.base, registers.kernel_gs_base}) {
        add_if_kernels(base, pointers.structures);
    }
    if (const auto state = read_task_state(registers.tr.base, tables, memory)) {
        for (const uint64_t top : state->rsp) add_if_kernels(top, pointers.entry_stacks);
        for (const uint64_t top : state->ist) add_if_kernels(top, pointers.entry_stacks);
    }
    return pointers;
}

}  // namespace guestdump::target_i386
