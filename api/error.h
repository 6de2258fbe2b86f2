// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "api/guestdump.h"
#include "util/result.h"

/// The error that a C caller gets.
struct guestdump_error {
    guestdump::Error cause;
};

namespace guestdump::api {

/// Stores @cause in *@error, unless @error is null.
void report(Error cause, guestdump_error** error);

/// The errno of a callback that returned @status, which is not 0. Callbacks that return it negated
/// are understood.
int errno_of(int status);

/// 0, or -1 after report().
int status_of(Result<> result, guestdump_error** error);

}  // namespace guestdump::api
