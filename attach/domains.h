// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>

#include "attach/emulator.h"

namespace guestdump::attach {

/// The libvirt connection for the virtual machines of the whole host.
inline constexpr const char* kSystemUri = "qemu:///system";

/// Opens the QEMU of the libvirt domain @name through the connection @uri.
///
/// Errors: those of libvirt; @uri is on another host, or is not a connection to QEMU; the domain
/// is not running; this build has no libvirt.
Result<std::unique_ptr<Emulator>> open_domain(const std::string& uri, const std::string& name);

}  // namespace guestdump::attach
