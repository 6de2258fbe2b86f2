// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "linux/symbols/symbol_table.h"
#include "linux/tasks/task.h"
#include "linux/types/btf.h"
#include "linux/virtual_memory.h"

namespace guestdump::linux_guest {

/// Reads task_structs. Their layout is taken from BTF, not from the kernel's version. One thread.
class TaskReader {
  public:
    /// Limit on the number of tasks: PID_MAX_LIMIT. [linux include/linux/threads.h]
    static constexpr uint64_t kMostTasks = 4u << 20;

    /// @memory must outlive the result. Errors: a needed member is missing from @types.
    static Result<TaskReader> make(const VirtualMemory& memory, const Btf& types);

    /// Reads the task_struct at @task_struct. Errors: those of reading.
    Result<Task> read(guest::Gva task_struct) const;

    /// Lists the threads of all processes, without the CPUs' idle tasks. @memory_size: the guest's
    /// memory, bytes; no more tasks are listed than task_structs fit into it. Errors: there is no
    /// init_task. After a later error the list, or the list of a process's threads, ends, and
    /// TaskList::incomplete has the reason.
    Result<TaskList> list(const SymbolTable& symbols, uint64_t memory_size) const;

  private:
    struct Layout {
        uint64_t size = 0, comm = 0, pid = 0, tgid = 0, state = 0, exit_state = 0;
        uint64_t stack = 0, saved_stack = 0, tasks = 0, flags = 0, signal = 0, parent = 0;
        uint64_t thread_node = 0, thread_head = 0;  ///< thread_head is in signal_struct
        std::optional<uint64_t> cpu, on_cpu;
    };

    TaskReader(const VirtualMemory& memory, const Layout& layout)
        : memory_(memory), layout_(layout) {}

    Result<> add_process(guest::Gva leader, uint64_t most, TaskList& out) const;

    const VirtualMemory& memory_;
    Layout layout_;
};

}  // namespace guestdump::linux_guest
