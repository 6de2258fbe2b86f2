// SPDX-License-Identifier: GPL-2.0-or-later
#include "qapi/introspect.h"

#include <utility>

#include "monitor/commands.h"
#include "qapi/json_stream.h"
#include "util/sandbox.h"

namespace guestdump::monitor {
namespace {

/// The only option that managers ask about before they use it. [libvirt qemu_capabilities.c]
qapi::CommandLineOptionInfo sandbox_option() {
    return {.option = "sandbox",
            .parameters = {{.name = "enable", .type = "boolean"},
                           {.name = "obsolete", .type = "string"},
                           {.name = "elevateprivileges", .type = "string"},
                           {.name = "spawn", .type = "string"},
                           {.name = "resourcecontrol", .type = "string"}}};
}

}  // namespace

Result<Json> qmp_query_qmp_schema(Monitor&) {
    Json schema;
    qapi::JsonStream stream([&](Result<Json> value) {
        if (value) schema = std::move(*value);
    });
    stream.feed(qapi::introspection());
    return schema;
}

Result<std::vector<qapi::CommandLineOptionInfo>> qmp_query_command_line_options(
    Monitor&, const qapi::QueryCommandLineOptionsArguments&) {
    std::vector<qapi::CommandLineOptionInfo> options;
    if (util::sandbox_available()) options.push_back(sandbox_option());
    return options;
}

}  // namespace guestdump::monitor
