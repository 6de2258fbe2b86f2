// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "monitor/command.h"

namespace guestdump::monitor {

/// The command that a request asks for.
struct QmpCall {
    std::string command = {};
    bool oob = false;     ///< sent with exec-oob
    Json arguments = {};  ///< a JSON object
};

/// A request as it was received. One that is not valid may still have an id.
struct QmpRequest {
    bool has_id = false;
    Json id = {};  ///< sent back with the reply; may be of any type
    Result<QmpCall> call;

    /// @oob: exec-oob has been negotiated. Errors are QEMU's and become the value of call.
    static QmpRequest parse(Result<Json> value, bool oob);
};

}  // namespace guestdump::monitor
