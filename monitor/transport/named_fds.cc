// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/transport/named_fds.h"

#include <utility>

namespace guestdump::monitor {

using util::UniqueFd;

void NamedFds::add(const std::string& name, UniqueFd fd) {
    fds_.insert_or_assign(name, std::move(fd));
}

Result<> NamedFds::close(const std::string& name) {
    if (fds_.erase(name) == 0) {
        return Error::make("File descriptor named '%s' not found", name.c_str());
    }
    return {};
}

Result<UniqueFd> NamedFds::take(const std::string& name) {
    auto node = fds_.extract(name);
    if (!node) return Error::make("File descriptor named '%s' has not been found", name.c_str());
    return std::move(node.mapped());
}

}  // namespace guestdump::monitor
