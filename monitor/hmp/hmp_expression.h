// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "util/result.h"

namespace guestdump::monitor {

/// Returns the value of a register. The name is without '$'. Errors: there is no register of this
/// name.
using RegisterReader = std::function<util::Result<uint64_t>(std::string_view name)>;

/// Evaluates the HMP expression at the beginning of @text and removes it from @text: numbers in C's
/// notation, 'c', $register, brackets, unary + - ~, and binary + - (weakest), &
/// ^, * / %. Arithmetic is in 64 bits and wraps; division is signed.
///
/// Errors have QEMU's words.
util::Result<int64_t> evaluate(std::string_view& text, const RegisterReader& read_register);

}  // namespace guestdump::monitor
