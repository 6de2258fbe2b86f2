// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/sandbox.h"

namespace guestdump::util {

bool sandbox_available() {
    return false;
}

Result<> enter_sandbox(const SandboxPolicy&) {
    return Error::make("-sandbox support is not enabled in this QEMU binary");
}

}  // namespace guestdump::util
