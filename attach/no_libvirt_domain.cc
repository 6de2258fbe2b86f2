// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/domains.h"

namespace guestdump::attach {

Result<std::unique_ptr<Emulator>> open_domain(const std::string&, const std::string& name) {
    return Error::make("cannot reach domain '%s': this build has no libvirt", name.c_str());
}

}  // namespace guestdump::attach
