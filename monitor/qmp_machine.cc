// SPDX-License-Identifier: GPL-2.0-or-later
#include <unistd.h>

#include "monitor/commands.h"
#include "monitor/monitor.h"
#include "util/text.h"
#include "vm/machine.h"

namespace monitor {

Result<std::vector<qapi::CpuInfoFast>> qmp_query_cpus_fast(Monitor& monitor) {
    const vm::Machine& machine = monitor.services.machine;
    std::vector<qapi::CpuInfoFast> infos;
    for (unsigned cpu = 0; cpu < machine.cpu_count(); ++cpu) {
        infos.push_back({
            .cpu_index = cpu,
            .qom_path = util::text("/machine/unattached/device[%u]", cpu),
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

}  // namespace monitor
