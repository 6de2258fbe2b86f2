// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <iterator>
#include <optional>

#include "monitor/commands.h"
#include "monitor/commands/qom.h"
#include "monitor/monitor.h"
#include "util/text.h"
#include "vm/machine.h"
#include "vm/memory/ram_objects.h"

namespace guestdump::monitor {
namespace {

struct KnownType {
    std::string_view name;
    std::string_view parent;
    bool is_device = false;
};

/// Types that libvirt 9.0 asks about before it starts a guest with a serial console.
constexpr KnownType kTypes[] = {
    {"isa-serial", "isa-device", true},        {"kvm-accel", "accel"},
    {"memory-backend-file", "memory-backend"}, {"memory-backend-memfd", "memory-backend"},
    {"memory-backend-ram", "memory-backend"},  {"tcg-accel", "accel"},
};

std::string_view type_of(vm::RamSpec::Backend backend) {
    switch (backend) {
        case vm::RamSpec::Backend::file:
            return "memory-backend-file";
        case vm::RamSpec::Backend::memfd:
            return "memory-backend-memfd";
        case vm::RamSpec::Backend::ram:
            break;
    }
    return "memory-backend-ram";
}

Error not_found(const std::string& device) {
    return Error::make("Device '%s' not found", device.c_str()).as(Error::Kind::not_found);
}

qapi::ObjectPropertyInfo child(const vm::RamObjects::Info& object) {
    return {.name = object.id,
            .type = "child<" + std::string(type_of(object.backend)) + ">",
            .description = {}};
}

/// The type of the object at @path, by the names that QEMU prints. Empty if there is no object.
std::optional<std::string> type_at(const Services& services, const std::string& path) {
    static constexpr std::string_view kContainers[] = {
        "/", "/machine/peripheral", "/machine/peripheral-anon", "/machine/unattached", "/objects"};
    if (std::ranges::count(kContainers, path) > 0) return "container";
    if (path == "/machine") return std::string(to_string(services.machine.type())) + "-machine";
    for (unsigned cpu = 0; cpu < services.machine.cpu_count(); ++cpu) {
        if (cpu_qom_path(cpu) == path) return "x86_64-cpu";
    }
    for (const vm::RamObjects::Info& object : services.objects.list()) {
        if ("/objects/" + object.id == path) return std::string(type_of(object.backend));
    }
    return std::nullopt;
}

/// The properties of the object at @path: its type, and its children if it is /objects.
std::vector<qapi::ObjectPropertyInfo> properties_of(const Services& services,
                                                    const std::string& path) {
    std::vector<qapi::ObjectPropertyInfo> properties = {
        {.name = "type", .type = "string", .description = {}}};
    if (path == "/objects") {
        for (const vm::RamObjects::Info& object : services.objects.list())
            properties.push_back(child(object));
    }
    return properties;
}

}  // namespace

std::string cpu_qom_path(unsigned cpu) {
    return util::text("/machine/unattached/device[%u]", cpu);
}

Result<std::vector<qapi::ObjectTypeInfo>> qmp_qom_list_types(
    Monitor&, const qapi::QomListTypesArguments& arguments) {
    std::vector<qapi::ObjectTypeInfo> infos;
    for (const KnownType& type : kTypes) {
        const std::string wanted = arguments.implements.value_or("object");
        if (wanted != "object" && wanted != type.name && wanted != type.parent) continue;
        infos.push_back(
            {.name = std::string(type.name), .abstract = {}, .parent = std::string(type.parent)});
    }
    return infos;
}

Result<std::vector<qapi::ObjectPropertyInfo>> qmp_qom_list(
    Monitor& monitor, const qapi::QomListArguments& arguments) {
    if (!type_at(monitor.services, arguments.path)) return not_found(arguments.path);
    return properties_of(monitor.services, arguments.path);
}

/// No property can be changed.
Result<> qmp_qom_set(Monitor& monitor, const qapi::QomSetArguments& arguments) {
    const std::optional<std::string> type = type_at(monitor.services, arguments.path);
    if (!type) return not_found(arguments.path);
    const auto properties = properties_of(monitor.services, arguments.path);
    const std::string& name = arguments.property;
    if (std::ranges::count(properties, name, &qapi::ObjectPropertyInfo::name) == 0) {
        return Error::make("Property '%s.%s' not found", type->c_str(), name.c_str());
    }
    return Error::make("Insufficient permission to perform this operation");
}

/// Empty for an unknown type too: libvirtd 9.0.0 crashes on an error of class DeviceNotFound here.
Result<std::vector<qapi::ObjectPropertyInfo>> qmp_qom_list_properties(
    Monitor&, const qapi::QomListPropertiesArguments&) {
    return std::vector<qapi::ObjectPropertyInfo>();
}

Result<std::vector<qapi::ObjectPropertyInfo>> qmp_device_list_properties(
    Monitor&, const qapi::DeviceListPropertiesArguments& arguments) {
    const std::string& name = arguments.typename_;
    const auto known = std::ranges::find(kTypes, name, &KnownType::name);
    if (known == std::end(kTypes)) return not_found(name);
    if (!known->is_device) {
        return Error::make("Parameter 'typename' expects a non-abstract device type");
    }
    return std::vector<qapi::ObjectPropertyInfo>();
}

}  // namespace guestdump::monitor
