// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <string_view>

#include "monitor/commands.h"
#include "monitor/monitor.h"
#include "vm/memory/ram_objects.h"

/// Memory backends, the only objects that clients can create.

namespace guestdump::monitor {
namespace {

using Backend = vm::RamSpec::Backend;

Backend backend_of(qapi::MemoryBackend type) {
    switch (type) {
        case qapi::MemoryBackend::memory_backend_file:
            return Backend::file;
        case qapi::MemoryBackend::memory_backend_memfd:
            return Backend::memfd;
        case qapi::MemoryBackend::memory_backend_ram:
            break;
    }
    return Backend::ram;
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// True if QEMU accepts @id: a letter, followed by letters, digits and "-._". [qemu util/id.c]
bool is_identifier(std::string_view id) {
    const auto fits = [](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    };
    return !id.empty() && is_letter(id.front()) && std::ranges::all_of(id, fits);
}

Result<vm::RamSpec> spec_of(const qapi::ObjectAddArguments& arguments) {
    if (!is_identifier(arguments.id)) return Error::make("Parameter 'id' expects an identifier");
    const Backend backend = backend_of(arguments.qom_type);
    if ((backend == Backend::file) != arguments.mem_path.has_value()) {
        return Error::make("Parameter 'mem-path' is %s",
                           arguments.mem_path ? "unexpected" : "missing");
    }
    if (arguments.size == 0) {
        return Error::make("property 'size' of %s doesn't take value '0'",
                           std::string(to_string(arguments.qom_type)).c_str());
    }
    return vm::RamSpec{.backend = backend,
                       .id = arguments.id,
                       .size = arguments.size,
                       .mem_path = arguments.mem_path.value_or(""),
                       .share = arguments.share.value_or(backend == Backend::memfd)};
}

}  // namespace

Result<> qmp_object_add(Monitor& monitor, const qapi::ObjectAddArguments& arguments) {
    const vm::RamSpec spec = TRY(spec_of(arguments));
    return monitor.services.objects.create(spec);
}

Result<> qmp_object_del(Monitor& monitor, const qapi::ObjectDelArguments& arguments) {
    return monitor.services.objects.remove(arguments.id);
}

}  // namespace guestdump::monitor
