// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/commands.h"

/// Commands about devices and jobs that this machine does not have. Clients ask for them before
/// they start a guest.

namespace guestdump::monitor {
namespace {

/// On, because every migration would send events, and because libvirt 9.0 starts no guest without
/// it.
constexpr std::string_view kEvents = "events";

}  // namespace

Result<std::vector<qapi::TpmInfo>> qmp_query_tpm_models(Monitor&) {
    return std::vector<qapi::TpmInfo>();
}

Result<std::vector<qapi::TpmInfo>> qmp_query_tpm_types(Monitor&) {
    return std::vector<qapi::TpmInfo>();
}

Result<std::vector<qapi::MigrationCapabilityStatus>> qmp_query_migrate_capabilities(Monitor&) {
    return std::vector{
        qapi::MigrationCapabilityStatus{.capability = std::string(kEvents), .state = true}};
}

Result<> qmp_migrate_set_capabilities(Monitor&,
                                      const qapi::MigrateSetCapabilitiesArguments& arguments) {
    for (const qapi::MigrationCapabilityStatus& wanted : arguments.capabilities) {
        const bool is_on = wanted.capability == kEvents;
        if (wanted.state == is_on) continue;
        return Error::make("migration capability '%s' is always %s", wanted.capability.c_str(),
                           is_on ? "on" : "off");
    }
    return {};
}

Result<std::vector<qapi::BlockInfo>> qmp_query_block(Monitor&) {
    return std::vector<qapi::BlockInfo>();
}

Result<std::vector<qapi::BlockDeviceInfo>> qmp_query_named_block_nodes(
    Monitor&, const qapi::QueryNamedBlockNodesArguments&) {
    return std::vector<qapi::BlockDeviceInfo>();
}

Result<std::vector<qapi::JobInfo>> qmp_query_jobs(Monitor&) {
    return std::vector<qapi::JobInfo>();
}

}  // namespace guestdump::monitor
