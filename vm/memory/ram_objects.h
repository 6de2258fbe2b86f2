// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "vm/memory/ram.h"

namespace guestdump::vm {

/// The memory backends by id: those of the machine, and those that clients create and remove.
///
/// Main loop.
class RamObjects {
  public:
    /// Adds a backend that the machine uses.
    void add_in_use(const std::string& id, RamSpec::Backend backend);

    /// Errors: the id is in use; those of Ram::create().
    Result<> create(const RamSpec& spec);

    /// Errors: there is no backend of this id; the machine uses it.
    Result<> remove(const std::string& id);

    struct Info {
        std::string id;
        RamSpec::Backend backend;
    };
    /// All backends, in the order of their ids.
    std::vector<Info> list() const;

  private:
    struct Object {
        RamSpec::Backend backend;
        std::shared_ptr<Ram> ram;  ///< nullptr if the machine uses the backend
    };
    std::map<std::string, Object> objects_;
};

}  // namespace guestdump::vm
