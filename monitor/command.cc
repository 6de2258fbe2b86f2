// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/command.h"

#include <algorithm>

namespace guestdump::monitor {

const Command* find_command(std::string_view name) {
    const std::span<const Command> all = commands();
    const auto found = std::ranges::lower_bound(all, name, {}, &Command::name);
    return found != all.end() && found->name == name ? &*found : nullptr;
}

}  // namespace guestdump::monitor
