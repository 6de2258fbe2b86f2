// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/qmp/qmp_request.h"

#include <json-c/json.h>

#include <string_view>
#include <utility>

#include "qapi/visit.h"

namespace guestdump::monitor {
namespace {

/// Stores one member of a request in @call.
Result<> take_member(const std::string& key, json_object* value, bool oob, QmpCall& call) {
    const bool exec_oob = oob && key == "exec-oob";
    if (key == "execute" || exec_oob) {
        if (!qapi::from_json(value, key, call.command)) {
            return Error::make("QMP input member '%s' must be a string", key.c_str());
        }
        call.oob = exec_oob;
    } else if (key == "arguments") {
        if (!json_object_is_type(value, json_type_object)) {
            return Error::make("QMP input member 'arguments' must be an object");
        }
        call.arguments = qapi::share(value);
    } else if (key != "id") {
        return Error::make("QMP input member '%s' is unexpected", key.c_str());
    }
    return {};
}

Result<QmpCall> parse_call(json_object* object, bool oob) {
    const bool plain = json_object_object_get_ex(object, "execute", nullptr) != 0;
    const bool out_of_band = oob && json_object_object_get_ex(object, "exec-oob", nullptr) != 0;
    if (plain && out_of_band) {
        return Error::make("QMP input member 'execute' clashes with 'exec-oob'");
    }
    QmpCall call{.arguments = qapi::make_object()};
    json_object_object_foreach(object, key, value) TRY(take_member(key, value, oob, call));
    if (!plain && !out_of_band) return Error::make("QMP input lacks member 'execute'");
    return call;
}

}  // namespace

QmpRequest QmpRequest::parse(Result<Json> value, bool oob) {
    if (!value) return {.call = std::move(value).take_error()};
    json_object* object = value->get();
    if (!json_object_is_type(object, json_type_object)) {
        return {.call = Error::make("QMP input must be a JSON object")};
    }
    json_object* id = nullptr;
    const bool has_id = json_object_object_get_ex(object, "id", &id) != 0;
    return {.has_id = has_id, .id = qapi::share(id), .call = parse_call(object, oob)};
}

}  // namespace guestdump::monitor
