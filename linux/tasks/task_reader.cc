// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/tasks/task_reader.h"

#include <algorithm>
#include <cinttypes>

#include "linux/list_walk.h"
#include "linux/types/struct_members.h"

namespace guestdump::linux_guest {
namespace {

using guest::Gva;

constexpr uint32_t kKernelThread = 0x00200000;  ///< PF_KTHREAD [linux include/linux/sched.h]

}  // namespace

Result<TaskReader> TaskReader::make(const VirtualMemory& memory, const Btf& types) {
    StructMembers task(types, "task_struct");
    StructMembers signal(types, "signal_struct");
    const auto state = task.find("__state");
    Layout layout{
        .size = task.size(),
        .comm = task.offset("comm"),
        .pid = task.offset("pid"),
        .tgid = task.offset("tgid"),
        // Before Linux 5.14 it is `state`, a long.
        .state = state ? state->offset : task.offset("state"),
        .exit_state = task.offset("exit_state"),
        .stack = task.offset("stack"),
        .saved_stack = task.offset("thread.sp"),
        .tasks = task.offset("tasks"),
        .flags = task.offset("flags"),
        .signal = task.offset("signal"),
        .parent = task.offset("real_parent"),
        .thread_node = task.offset("thread_node"),
        .thread_head = signal.offset("thread_head"),
        // Before Linux 5.16 it is in task_struct itself. Kernels built for one CPU have neither.
        .cpu = task.optional_offset("thread_info.cpu"),
        .on_cpu = task.optional_offset("on_cpu"),
    };
    if (!layout.cpu) layout.cpu = task.optional_offset("cpu");
    TRY(task.failed());
    TRY(signal.failed());
    return TaskReader(memory, layout);
}

Result<Task> TaskReader::read(Gva task_struct) const {
    const uint64_t at = task_struct.value;
    Task task;
    task.address = task_struct;
    TRY(memory_.read(Gva{at + layout_.comm}, std::as_writable_bytes(std::span(task.comm))));
    task.pid = TRY(read_u32(memory_, Gva{at + layout_.pid}));
    task.tgid = TRY(read_u32(memory_, Gva{at + layout_.tgid}));
    task.state_bits = TRY(read_u32(memory_, Gva{at + layout_.state}));
    task.state_bits |= TRY(read_u32(memory_, Gva{at + layout_.exit_state}));
    task.state = state_letter(task.state_bits);
    task.stack = TRY(read_pointer(memory_, Gva{at + layout_.stack}));
    task.saved_stack = TRY(read_pointer(memory_, Gva{at + layout_.saved_stack}));
    const uint32_t flags = TRY(read_u32(memory_, Gva{at + layout_.flags}));
    task.is_kernel = (flags & kKernelThread) != 0;
    if (layout_.cpu) task.cpu = TRY(read_u32(memory_, Gva{at + *layout_.cpu}));
    if (layout_.on_cpu) task.on_cpu = TRY(read_u32(memory_, Gva{at + *layout_.on_cpu})) != 0;
    // The task is listed even if its parent cannot be read.
    const uint64_t parent = TRY(read_u64(memory_, Gva{at + layout_.parent}));
    const Result<uint32_t> tgid = read_u32(memory_, Gva{parent + layout_.tgid});
    if (tgid) task.parent = *tgid;
    return task;
}

Result<> TaskReader::add_process(Gva leader, uint64_t most, TaskList& out) const {
    const uint64_t signal = TRY(read_u64(memory_, Gva{leader.value + layout_.signal}));
    if (signal == 0) {  // the process has ended, and is being removed from the list
        const Task task = TRY(read(leader));
        out.tasks.push_back(task);
        return {};
    }
    return walk_list(memory_, Gva{signal + layout_.thread_head}, most - out.tasks.size(),
                     [&](Gva node) -> Result<> {
                         const Gva thread{node.value - layout_.thread_node};
                         const Task task = TRY(read(thread));
                         out.tasks.push_back(task);
                         return {};
                     });
}

Result<TaskList> TaskReader::list(const SymbolTable& symbols, uint64_t memory_size) const {
    const auto init_task = symbols.address_of("init_task");
    if (!init_task) return Error::make("the kernel's symbols have no init_task");
    const uint64_t most = std::min(memory_size / std::max(layout_.size, uint64_t{1}), kMostTasks);
    TaskList list;
    const Result<> done =
        walk_list(memory_, Gva{init_task->value + layout_.tasks}, most, [&](Gva node) -> Result<> {
            if (list.tasks.size() >= most) {
                return Error::make("there are more than %" PRIu64 " tasks", most);
            }
            const Gva leader{node.value - layout_.tasks};
            const size_t before = list.tasks.size();
            const Result<> threads = add_process(leader, most, list);
            if (threads) return {};
            // The remaining processes may be readable.
            if (list.incomplete.empty()) list.incomplete = threads.error().message();
            if (list.tasks.size() > before) return {};
            const Task task = TRY(read(leader));
            list.tasks.push_back(task);
            return {};
        });
    if (!done) list.incomplete = done.error().message();
    return list;
}

}  // namespace guestdump::linux_guest
