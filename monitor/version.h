// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "qapi/types.h"

namespace guestdump::monitor {

/// What greeting and query-version say: the QEMU whose protocol is spoken here, and in package the
/// version of the project. Clients ask for the former: libvirt 9.0 refuses anything below 4.2.
qapi::VersionInfo version_info();

}  // namespace guestdump::monitor
