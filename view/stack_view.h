// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "linux/guest_kernel.h"
#include "qapi/types.h"
#include "view/task_view.h"

namespace guestdump::view {

/// @stack as the QAPI type, with the names of functions and modules as far as they are known.
qapi::GuestStack stack_view(linux_guest::GuestKernel& kernel, const linux_guest::Stack& stack);

/// The current task and the stack of each CPU of the kernel, and the stack of each vCPU that
/// belongs to none of these CPUs. CPUs without a current task and a vCPU are left out. If the
/// CPUs cannot be read, the result has vCPUs only, and `incomplete` says why. Errors: the kernel's
/// symbols cannot be read.
Result<qapi::GuestStacks> cpu_stacks_view(linux_guest::GuestKernel& kernel);

/// The stacks of the tasks that @filter selects. Errors: the kernel's tasks cannot be read.
Result<qapi::GuestStacks> task_stacks_view(linux_guest::GuestKernel& kernel,
                                           const TaskFilter& filter);

/// Tasks in state D (uninterruptible sleep), grouped by equal stacks.
struct BlockedTasks {
    std::vector<qapi::GuestEqualStacks> groups;  ///< the largest first
    size_t task_count = 0;                       ///< number of tasks in all states
    std::string incomplete;                      ///< why tasks are missing, for people
};

/// Finds the blocked tasks. Errors: the kernel's tasks cannot be read.
Result<BlockedTasks> blocked_view(linux_guest::GuestKernel& kernel);

/// @stack as text, one line for each frame.
std::string stack_text(const qapi::GuestStack& stack);
/// A task on one line: "PID 1  init  state S  CPU 0".
std::string task_heading(const qapi::GuestTask& task);
/// @stacks as text: a heading and the frames of each, with empty lines between them.
std::string stacks_text(const qapi::GuestStacks& stacks);

}  // namespace guestdump::view
