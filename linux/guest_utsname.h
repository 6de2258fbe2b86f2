// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "guest/guest.h"
#include "guest/page_source.h"
#include "guest/utsname.h"
#include "linux/vmcoreinfo.h"

namespace guestdump::linux_guest {

/// Reads the guest kernel's init_uts_ns, whose address is in VMCOREINFO, from @memory. The guest
/// wrote both, so if the structure is missing or wrong, the result has only the release, from
/// VMCOREINFO's OSRELEASE. The machine is that of @arch. [linux include/linux/utsname.h,
/// uapi/linux/utsname.h]
///
/// libkdumpfile, and so drgn, reads the architecture of a kdump file from its utsname, but only if
/// sysname, release, version and machine are all present.
///
/// @arch.phys_base must be the guest's own, from VMCOREINFO.
guest::Utsname guest_utsname(const Vmcoreinfo& vmcoreinfo, const guest::ArchDumpInfo& arch,
                             const guest::PageSource& memory);

/// Fills the empty fields of @found from @recorded if both name the same release. The machine
/// stays; fields that are not text are ignored.
guest::Utsname completed(guest::Utsname found, const guest::Utsname& recorded);

}  // namespace guestdump::linux_guest
