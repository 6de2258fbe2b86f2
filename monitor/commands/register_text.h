// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "target-i386/registers.h"

namespace guestdump::monitor {

/// Registers in the layout of QEMU's "info registers". Only those that a dump contains are shown:
/// no debug, floating-point and vector registers, and no decoded segment flags.
std::string register_text(const target_i386::Registers& registers);

/// Value of the register that an expression calls $@name. Empty if there is no such register.
std::optional<uint64_t> register_value(const target_i386::Registers& registers,
                                       std::string_view name);

}  // namespace guestdump::monitor
