// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

namespace guestdump::util {

/// The smallest multiple of @unit that is not below @value. @value + @unit must not overflow.
constexpr uint64_t round_up(uint64_t value, uint64_t unit) {
    return (value + unit - 1) / unit * unit;
}

}  // namespace guestdump::util
