// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/memory/ram_objects.h"

#include "util/result.h"

namespace guestdump::vm {

void RamObjects::add_in_use(const std::string& id, RamSpec::Backend backend) {
    objects_.insert_or_assign(id, Object{.backend = backend, .ram = nullptr});
}

Result<> RamObjects::create(const RamSpec& spec) {
    if (objects_.contains(spec.id)) {
        return Error::make("attempt to add duplicate property '%s' to object (type 'container')",
                           spec.id.c_str());
    }
    std::shared_ptr<Ram> ram = TRY(Ram::create(spec));
    objects_.emplace(spec.id, Object{.backend = spec.backend, .ram = std::move(ram)});
    return {};
}

Result<> RamObjects::remove(const std::string& id) {
    const auto object = objects_.find(id);
    if (object == objects_.end()) return Error::make("object '%s' not found", id.c_str());
    if (!object->second.ram) {
        return Error::make("object '%s' is in use, can not be deleted", id.c_str());
    }
    objects_.erase(object);
    return {};
}

std::vector<RamObjects::Info> RamObjects::list() const {
    std::vector<Info> infos;
    for (const auto& [id, object] : objects_)
        infos.push_back({.id = id, .backend = object.backend});
    return infos;
}

}  // namespace guestdump::vm
