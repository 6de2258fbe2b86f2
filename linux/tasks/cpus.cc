// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/tasks/cpus.h"

#include <algorithm>
#include <cinttypes>

namespace guestdump::linux_guest {
namespace {

using guest::Gva;

Result<uint32_t> cpu_count(const VirtualMemory& memory, const SymbolTable& symbols) {
    const auto symbol = symbols.address_of("nr_cpu_ids");
    if (!symbol) return uint32_t{1};  // the kernel was built for one CPU
    const uint32_t count = TRY(read_u32(memory, *symbol));
    if (count == 0 || count > kMostCpus) {
        return Error::make("the kernel has %" PRIu32 " CPUs, not 1 to %" PRIu32, count, kMostCpus);
    }
    return count;
}

/// The address of the per-CPU variable with the current task, before a CPU's area is added.
std::optional<Gva> current_variable(const SymbolTable& symbols, const Btf* types) {
    if (const auto symbol = symbols.address_of("current_task")) return symbol;
    const auto hot = symbols.address_of("pcpu_hot");  // Linux 6.2 to 6.14
    const auto member = types ? types->member("pcpu_hot", "current_task") : std::nullopt;
    if (!hot || !member) return std::nullopt;
    return Gva{hot->value + member->offset};
}

std::optional<size_t> vcpu_of(Gva area, std::span<const std::optional<guest::Execution>> vcpus) {
    for (size_t i = 0; i < vcpus.size(); ++i) {
        if (!vcpus[i]) continue;
        const auto& areas = vcpus[i]->areas;
        if (std::find(areas.begin(), areas.end(), area) != areas.end()) return i;
    }
    return std::nullopt;
}

/// Whether CPU number @number is online: bit @number of a struct cpumask. Empty if it is not known.
std::optional<bool> is_online(const VirtualMemory& memory, const SymbolTable& symbols,
                              uint32_t number) {
    const auto mask = symbols.address_of("__cpu_online_mask");  // since Linux 4.5
    if (!mask) return std::nullopt;
    const auto word = read_u64(memory, Gva{mask->value + number / 64 * 8});
    if (!word) return std::nullopt;
    return (*word >> number % 64 & 1) != 0;
}

/// True if @task is init_task or the idle task of another CPU, which have the ID 0.
bool is_idle(const VirtualMemory& memory, const SymbolTable& symbols, const Btf* types, Gva task) {
    if (symbols.address_of("init_task") == task) return true;
    const auto pid = types ? types->member("task_struct", "pid") : std::nullopt;
    if (!pid) return false;
    const auto number = read_u32(memory, Gva{task.value + pid->offset});
    return number && *number == 0;
}

/// True if @cpu is off: offline, idle and not a vCPU. The current task of a CPU that was never
/// brought up is init_task. A panic takes CPUs offline too, but these keep their current tasks, so
/// being offline is not enough.
bool is_off(const VirtualMemory& memory, const SymbolTable& symbols, const Btf* types,
            const KernelCpu& cpu) {
    if (cpu.vcpu || is_online(memory, symbols, cpu.number) != false) return false;
    return !cpu.current || is_idle(memory, symbols, types, *cpu.current);
}

}  // namespace

Result<std::vector<KernelCpu>> read_cpus(const VirtualMemory& memory, const SymbolTable& symbols,
                                         const Btf* types,
                                         std::span<const std::optional<guest::Execution>> vcpus) {
    const uint32_t count = TRY(cpu_count(memory, symbols));
    const auto offsets = symbols.address_of("__per_cpu_offset");
    const auto variable = current_variable(symbols, types);
    std::vector<KernelCpu> cpus;
    for (uint32_t number = 0; number < count; ++number) {
        KernelCpu cpu{.number = number, .area = {}, .current = {}, .vcpu = {}};
        if (offsets) cpu.area = TRY(read_pointer(memory, Gva{offsets->value + 8 * number}));
        if (variable) {
            const auto task = read_u64(memory, Gva{cpu.area.value + variable->value});
            if (task && *task != 0) cpu.current = Gva{*task};
        }
        cpu.vcpu = vcpu_of(cpu.area, vcpus);
        if (!is_off(memory, symbols, types, cpu)) cpus.push_back(cpu);
    }
    return cpus;
}

}  // namespace guestdump::linux_guest
