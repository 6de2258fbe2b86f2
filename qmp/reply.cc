// SPDX-License-Identifier: GPL-2.0-or-later
#include "qmp/reply.h"

#include "qapi/visit.h"

namespace guestdump::qmp {

std::string string_member(json_object* object, const char* key) {
    std::string text;
    json_object* member = qapi::find(object, key);
    if (member && qapi::from_json(member, key, text)) return text;
    return "";
}

Result<qapi::Json> result_of(json_object* reply) {
    if (json_object* result = qapi::find(reply, "return")) return qapi::share(result);
    const std::string said = string_member(qapi::find(reply, "error"), "desc");
    if (said.empty()) return Error::make("the machine's reply cannot be understood");
    return Error::make("%s", said.c_str()).as(Error::Kind::refused);
}

}  // namespace guestdump::qmp
