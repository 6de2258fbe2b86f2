// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <iterator>

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

/// Types that libvirt 9.0 looks for before it starts a guest with a serial console.
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

bool exists(const Services& services, const std::string& path) {
    static constexpr std::string_view kContainers[] = {"/",
                                                       "/machine",
                                                       "/machine/peripheral",
                                                       "/machine/peripheral-anon",
                                                       "/machine/unattached",
                                                       "/objects"};
    if (std::ranges::count(kContainers, path) > 0) return true;
    for (unsigned cpu = 0; cpu < services.machine.cpu_count(); ++cpu) {
        if (cpu_qom_path(cpu) == path) return true;
    }
    return std::ranges::any_of(services.objects.list(), [&](const vm::RamObjects::Info& object) {
        return "/objects/" + object.id == path;
    });
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
    if (!exists(monitor.services, arguments.path)) return not_found(arguments.path);
    std::vector<qapi::ObjectPropertyInfo> properties = {
        {.name = "type", .type = "string", .description = {}}};
    if (arguments.path == "/objects") {
        for (const vm::RamObjects::Info& object : monitor.services.objects.list())
            properties.push_back(child(object));
    }
    return properties;
}

/// Empty for an unknown type as well: an error of class DeviceNotFound here ends libvirtd 9.0.0.
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
