// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "util/result.h"

namespace guestdump::monitor {

/// The value of a register, by its name without '$'. Errors: there is none of that name.
using RegisterReader = std::function<util::Result<uint64_t>(std::string_view name)>;

/// Evaluates the expression that @text begins with, as HMP knows them, and leaves in @text what
/// follows: numbers in C's notation, 'c', $register, brackets, unary + - ~, and binary + -
/// (weakest), & | ^, * / %. 64 bits, wrapping; division is signed.
///
/// Errors are in QEMU's words.
util::Result<int64_t> evaluate(std::string_view& text, const RegisterReader& read_register);

}  // namespace guestdump::monitor
