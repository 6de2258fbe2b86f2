// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "guest/guest.h"
#include "guest/page_source.h"
#include "guest/utsname.h"
#include "linux/vmcoreinfo.h"

namespace guestdump::linux_guest {

/// Reads the guest kernel's init_uts_ns, which VMCOREINFO leads to, from @memory. The guest wrote
/// all of it: a structure that is not there, or not one, is not taken, and what VMCOREINFO itself
/// says (OSRELEASE) is left. The machine is then @arch's. [linux include/linux/utsname.h,
/// uapi/linux/utsname.h]
///
/// libkdumpfile, and drgn with it, knows the architecture of a kdump file by its utsname, and only
/// when sysname, release, version and machine are all there.
///
/// @arch.phys_base must be the guest's own, of VMCOREINFO.
guest::Utsname guest_utsname(const Vmcoreinfo& vmcoreinfo, const guest::ArchDumpInfo& arch,
                             const guest::PageSource& memory);

/// What @found leaves empty as @recorded has it, where both are of the same release. The machine
/// stays; what is not text is left out.
guest::Utsname completed(guest::Utsname found, const guest::Utsname& recorded);

}  // namespace guestdump::linux_guest
