// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <utility>

#include "util/error.h"

/// Evaluates to the value of a Result, or returns its Error from the enclosing function.
///
/// Use it only as a statement, as a whole right-hand side, or after `return`: gcc 12 and clang 14
/// do not destroy what the same expression has already constructed. tests/check_try.py checks this.
#define TRY(expression)                                               \
    __extension__({                                                   \
        auto try_result_ = (expression);                              \
        if (!try_result_) return std::move(try_result_).take_error(); \
        std::move(try_result_).take();                                \
    })
