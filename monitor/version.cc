// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/version.h"

namespace guestdump::monitor {

qapi::VersionInfo version_info() {
    return {.qemu = {.major = 7, .minor = 2, .micro = 0},
            .package = "guestdump " GUESTDUMP_VERSION};
}

}  // namespace guestdump::monitor
