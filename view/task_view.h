// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "linux/guest_kernel.h"
#include "qapi/types.h"

namespace guestdump::view {

/// Selects tasks.
struct TaskFilter {
    bool threads = false;           ///< all threads; else only the leader of each process
    std::optional<char> state{};    ///< only tasks in this state
    std::optional<uint32_t> pid{};  ///< only this thread, whatever the other members are

    /// True if @task is selected.
    bool wants(const linux_guest::Task& task) const;
};

/// @task as the QAPI type. @stack: the innermost frames of its stack, in which the function that
/// the task waits in is looked up; null if they are not known.
qapi::GuestTask task_view(linux_guest::GuestKernel& kernel, const linux_guest::Task& task,
                          const linux_guest::Stack* stack);

/// Why an answer that was read from @kernel is incomplete, for people: @known, which is the reason
/// that the answer itself has or empty, or that the time is over. Empty if the answer is complete.
std::optional<std::string> why_incomplete(const linux_guest::GuestKernel& kernel,
                                          const std::string& known);

/// The tasks that @filter selects. Errors: the kernel's tasks cannot be read.
Result<qapi::GuestTasks> tasks_view(linux_guest::GuestKernel& kernel, const TaskFilter& filter);

/// @tasks as a table. @threads adds a column for the process ID; @tree lists children below their
/// parents, indented.
std::string tasks_text(const qapi::GuestTasks& tasks, bool threads, bool tree);

}  // namespace guestdump::view
