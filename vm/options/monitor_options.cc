// SPDX-License-Identifier: GPL-2.0-or-later
#include <climits>

#include "util/text.h"
#include "vm/options/option_list.h"
#include "vm/options/option_parsers.h"

namespace guestdump::vm {
namespace {

using Kind = MonitorDevice::Kind;
using Protocol = MonitorOption::Protocol;

/// A socket at a path: listens if server is on, otherwise connects.
Result<MonitorDevice> socket_at(std::string path, OptionList& list) {
    const bool server = TRY(list.take_bool("server")).value_or(false);
    // QEMU's default waits for the first client, which would only delay the start.
    const std::optional<bool> wait = TRY(list.take_bool("wait"));
    if (wait.value_or(false)) return Error::make("wait=on is not supported: give wait=off");
    TRY(list.expect_all_taken());
    return MonitorDevice{
        .kind = server ? Kind::listen : Kind::connect, .path = std::move(path), .fd = -1};
}

Result<> add_monitor(OptionContext& context, Protocol protocol, const std::string& argument) {
    if (argument.starts_with("chardev:")) {
        context.pending_monitors.push_back({protocol, argument.substr(8)});
        return {};
    }
    OptionList list = TRY(OptionList::parse(argument, "device"));
    const std::string device = TRY(list.require("device"));
    MonitorDevice parsed;
    if (device.starts_with("unix:")) {
        std::string path = device.substr(5);
        if (path.empty()) return Error::make("'unix:' needs a path");
        parsed = TRY(socket_at(std::move(path), list));
    } else if (device == "stdio" || device == "none") {
        parsed.kind = device == "stdio" ? Kind::stdio : Kind::none;
        TRY(list.expect_all_taken());
    } else {
        return Error::make("'%s' is not unix:PATH, stdio or none", device.c_str());
    }
    if (parsed.kind == Kind::none) return {};
    // The label that QEMU gives to the chardev of such an option.
    const size_t number = context.options.monitors.size();
    std::string label =
        protocol == Protocol::qtest ? "qtest" : util::text("compat_monitor%zu", number);
    context.options.monitors.push_back({protocol, std::move(parsed), std::move(label)});
    return {};
}

Result<MonitorDevice> parse_socket(OptionList& list) {
    std::optional<std::string> path = list.take("path");
    const std::optional<uint64_t> fd = TRY(list.take_number("fd"));
    if (path.has_value() == fd.has_value())
        return Error::make("a socket needs either path= or fd=");
    if (path) return socket_at(std::move(*path), list);
    if (*fd > INT_MAX) return Error::make("there is no file descriptor of that number");
    MonitorDevice device = TRY(socket_at({}, list));
    if (device.kind != Kind::listen) return Error::make("fd= needs server=on");
    device.kind = Kind::inherited;
    device.fd = static_cast<int>(*fd);
    return device;
}

}  // namespace

std::string describe(const MonitorDevice& device) {
    switch (device.kind) {
        case Kind::listen:
            return "unix:" + device.path + ",server=on";
        case Kind::connect:
            return "unix:" + device.path;
        case Kind::inherited:
            return "unix:";
        case Kind::stdio:
            return "stdio";
        case Kind::none:
            break;
    }
    return "null";
}

Result<> parse_qmp(OptionContext& context, const std::string& argument) {
    return add_monitor(context, Protocol::qmp, argument);
}

Result<> parse_hmp(OptionContext& context, const std::string& argument) {
    return add_monitor(context, Protocol::hmp, argument);
}

Result<> parse_qtest(OptionContext& context, const std::string& argument) {
    return add_monitor(context, Protocol::qtest, argument);
}

Result<> parse_chardev(OptionContext& context, const std::string& argument) {
    OptionList list = TRY(OptionList::parse(argument, "backend"));
    const std::string backend = TRY(list.require("backend"));
    const std::string id = TRY(list.require("id"));
    if (context.chardevs.contains(id))
        return Error::make("Chardev with id '%s' already exists", id.c_str());
    MonitorDevice device;
    if (backend == "socket") {
        device = TRY(parse_socket(list));
    } else if (backend == "stdio") {
        device.kind = Kind::stdio;
        TRY(list.expect_all_taken());
    } else {
        // For example the file of a console. This machine has no console.
        context.options.ignored.push_back("-chardev " + backend);
    }
    context.chardevs.emplace(id, std::move(device));
    return {};
}

Result<> parse_mon(OptionContext& context, const std::string& argument) {
    OptionList list = TRY(OptionList::parse(argument, "chardev"));
    std::string chardev = TRY(list.require("chardev"));
    const std::string mode = list.take("mode").value_or("readline");
    TRY(list.take_bool("pretty"));
    list.take("id");
    TRY(list.expect_all_taken());
    if (mode != "control" && mode != "readline")
        return Error::make("unknown monitor mode '%s'", mode.c_str());
    context.pending_monitors.push_back(
        {mode == "control" ? Protocol::qmp : Protocol::hmp, std::move(chardev)});
    return {};
}

Result<> connect_monitors(OptionContext& context) {
    for (const PendingMonitor& monitor : context.pending_monitors) {
        const auto chardev = context.chardevs.find(monitor.chardev);
        if (chardev == context.chardevs.end()) {
            return Error::make("-mon: chardev \"%s\" not found", monitor.chardev.c_str());
        }
        if (chardev->second.kind == Kind::none) {
            return Error::make("-mon: chardev \"%s\" cannot carry a monitor",
                               monitor.chardev.c_str());
        }
        context.options.monitors.push_back({monitor.protocol, chardev->second, monitor.chardev});
    }
    return {};
}

}  // namespace guestdump::vm
