// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace guestdump::vmcore {

/// What uname(2) calls the machine with this e_machine; "unknown" for those that no vmcore is known
/// of. [gabi ch4, e_machine]
std::string machine_name(uint16_t e_machine);

}  // namespace guestdump::vmcore
