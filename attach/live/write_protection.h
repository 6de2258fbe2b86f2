// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>
#include <vector>

#include "attach/host_memory.h"
#include "attach/process.h"

/// Memory of another process in which userfaultfd blocks writes. QEMU before 9.0 leaves guest
/// memory in this state if the stream of a background snapshot breaks: all vCPUs wait for ever.

namespace guestdump::attach {

/// The mappings with the flag "uw" in the text of /proc/PID/smaps: registered for write protection.
/// [linux fs/proc/task_mmu.c] Errors: a line has another form.
Result<std::vector<HostRange>> parse_protected(std::string_view smaps);

/// Lets writes to @ranges of the memory of @process through: takes them out of its userfaultfds,
/// and wakes the threads that wait.
///
/// Errors: this process has no ptrace rights over the other one; a range could not be let go, for
/// example because it was unmapped: the first such error, after all other ranges were let go.
Result<> release_writes(const Process& process, const std::vector<HostRange>& ranges);

/// Lets writes to all memory of @process through. Returns the number of mappings, 0 if none was
/// held back. Errors: those of release_writes().
Result<size_t> lift_write_protection(const Process& process);

}  // namespace guestdump::attach
