// SPDX-License-Identifier: GPL-2.0-or-later
#include "qapi/introspect.h"

#include <utility>

#include "monitor/commands.h"
#include "qapi/json_stream.h"

namespace monitor {

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
    return std::vector<qapi::CommandLineOptionInfo>();
}

}  // namespace monitor
