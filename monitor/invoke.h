// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <type_traits>
#include <utility>

#include "monitor/command.h"
#include "qapi/marshal.h"

/// Converts a command's JSON arguments, calls its handler and converts the result, for each form
/// that a handler can have. Only the generated command table uses this.

namespace guestdump::monitor {

/// The value of "return" for a handler's result; {} if the handler returns nothing.
template <class T>
Result<Json> reply_of(Result<T> result) {
    if (!result) return std::move(result).take_error();
    if constexpr (std::is_void_v<T>) {
        return qapi::make_object();
    } else if constexpr (std::is_same_v<T, Json>) {
        return result;
    } else {
        return qapi::to_json(*result);
    }
}

template <class T>
Completion<T> replying(const Completion<Json>& done) {
    return [done](Result<T> result) { done(reply_of(std::move(result))); };
}

template <class T>
void invoke(Result<T> (*handler)(Monitor&), Monitor& monitor, json_object* arguments,
            const Completion<Json>& done) {
    Result<> none = qapi::refuse_members(arguments);
    done(none ? reply_of(handler(monitor)) : std::move(none).take_error());
}

template <class T, class Arguments>
void invoke(Result<T> (*handler)(Monitor&, const Arguments&), Monitor& monitor,
            json_object* arguments, const Completion<Json>& done) {
    Arguments checked;
    Result<> right = qapi::from_json(arguments, "", checked);
    done(right ? reply_of(handler(monitor, checked)) : std::move(right).take_error());
}

template <class T>
void invoke(void (*handler)(Monitor&, Completion<T>), Monitor& monitor, json_object* arguments,
            const Completion<Json>& done) {
    Result<> none = qapi::refuse_members(arguments);
    if (!none) return done(std::move(none).take_error());
    handler(monitor, replying<T>(done));
}

template <class T, class Arguments>
void invoke(void (*handler)(Monitor&, const Arguments&, Completion<T>), Monitor& monitor,
            json_object* arguments, const Completion<Json>& done) {
    Arguments checked;
    Result<> right = qapi::from_json(arguments, "", checked);
    if (!right) return done(std::move(right).take_error());
    handler(monitor, checked, replying<T>(done));
}

}  // namespace guestdump::monitor
