// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "qapi/types.h"

namespace guestdump::monitor {

/// The version that the greeting and query-version report. "qemu" is the version whose protocol is
/// implemented, because clients check it: libvirt 9.0 refuses anything below 4.2. "package" has the
/// version of this project.
qapi::VersionInfo version_info();

}  // namespace guestdump::monitor
