// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "monitor/command.h"

namespace guestdump::monitor {

/// What an object says that should be done.
struct QmpCall {
    std::string command = {};
    bool oob = false;     ///< by exec-oob
    Json arguments = {};  ///< an object
};

/// A request as it came: it may be none, and still have an id.
struct QmpRequest {
    bool has_id = false;
    Json id = {};  ///< comes back with the reply, of whatever type it is
    Result<QmpCall> call;

    /// @oob: exec-oob has been negotiated. Errors are QEMU's, and become those of call.
    static QmpRequest parse(Result<Json> value, bool oob);
};

}  // namespace guestdump::monitor
