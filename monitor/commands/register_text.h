// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "target-i386/registers.h"

namespace guestdump::monitor {

/// Registers as QEMU's "info registers" has them, those that a dump knows: no debug, floating-point
/// and vector registers, and segments without their decoded flags.
std::string register_text(const target_i386::Registers& registers);

/// By the name that an expression has after '$'. Empty where there is none of that name.
std::optional<uint64_t> register_value(const target_i386::Registers& registers,
                                       std::string_view name);

}  // namespace guestdump::monitor
