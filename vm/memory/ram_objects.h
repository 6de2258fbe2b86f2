// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "vm/memory/ram.h"

namespace guestdump::vm {

/// The memory backends by their ids: the machine's, and those that clients make and remove.
///
/// Main loop.
class RamObjects {
  public:
    /// Of one that the machine holds.
    void add_in_use(const std::string& id, RamSpec::Backend backend);

    /// Errors: the id is taken, Ram::create()'s.
    Result<> create(const RamSpec& spec);

    /// Errors: there is none of that id, the machine holds it.
    Result<> remove(const std::string& id);

    struct Info {
        std::string id;
        RamSpec::Backend backend;
    };
    /// All of them, by id.
    std::vector<Info> list() const;

  private:
    struct Object {
        RamSpec::Backend backend;
        std::shared_ptr<Ram> ram;  ///< nullptr: the machine has it
    };
    std::map<std::string, Object> objects_;
};

}  // namespace guestdump::vm
