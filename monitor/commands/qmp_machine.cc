// SPDX-License-Identifier: GPL-2.0-or-later
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>

#include "monitor/commands.h"
#include "monitor/commands/qom.h"
#include "monitor/monitor.h"
#include "vm/machine.h"

namespace guestdump::monitor {

Result<std::vector<qapi::CpuInfoFast>> qmp_query_cpus_fast(Monitor& monitor) {
    const vm::Machine& machine = monitor.services.machine;
    std::vector<qapi::CpuInfoFast> infos;
    for (unsigned cpu = 0; cpu < machine.cpu_count(); ++cpu) {
        infos.push_back({
            .cpu_index = cpu,
            .qom_path = cpu_qom_path(cpu),
            .thread_id = machine.cpu_thread_id(cpu),
            .props = qapi::CpuInstanceProperties{.socket_id = cpu, .core_id = 0, .thread_id = 0},
            .target = qapi::SysEmuTarget::x86_64,
        });
    }
    return infos;
}

Result<qapi::KvmInfo> qmp_query_kvm(Monitor& monitor) {
    return qapi::KvmInfo{
        .enabled = monitor.services.machine.accel_name() == "kvm",
        .present = access("/dev/kvm", R_OK | W_OK) == 0,
    };
}

Result<qapi::TargetInfo> qmp_query_target(Monitor&) {
    return qapi::TargetInfo{.arch = qapi::SysEmuTarget::x86_64};
}

Result<qapi::NameInfo> qmp_query_name(Monitor& monitor) {
    const std::string& name = monitor.services.machine.name();
    if (name.empty()) return qapi::NameInfo{};
    return qapi::NameInfo{.name = name};
}

Result<qapi::UuidInfo> qmp_query_uuid(Monitor& monitor) {
    const std::string& uuid = monitor.services.machine.uuid();
    return qapi::UuidInfo{.UUID = uuid.empty() ? "00000000-0000-0000-0000-000000000000" : uuid};
}

Result<std::vector<qapi::MachineInfo>> qmp_query_machines(Monitor&) {
    // If a domain asks for a kind of memory, libvirt creates a memory backend with this id.
    const auto info = [](const char* name, const std::optional<std::string>& alias, int64_t cpus) {
        return qapi::MachineInfo{
            .name = name,
            .alias = alias,
            .is_default = {},
            .cpu_max = cpus,
            .hotpluggable_cpus = false,
            .numa_mem_supported = false,
            .deprecated = false,
            .default_ram_id = alias ? std::optional<std::string>("pc.ram") : std::nullopt};
    };
    std::vector<qapi::MachineInfo> infos = {info("pc-i440fx-7.2", "pc", 255),
                                            info("pc-q35-7.2", "q35", 255), info("none", {}, 1)};
    infos.front().is_default = true;
    return infos;
}

Result<qapi::MemoryInfo> qmp_query_memory_size_summary(Monitor& monitor) {
    return qapi::MemoryInfo{.base_memory = monitor.services.machine.ram_bytes(),
                            .plugged_memory = 0};
}

}  // namespace guestdump::monitor
