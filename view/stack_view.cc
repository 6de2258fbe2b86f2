// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/stack_view.h"

#include <algorithm>
#include <map>

#include "util/text.h"

namespace guestdump::view {
namespace {

using linux_guest::GuestKernel;
using linux_guest::KernelCpu;
using linux_guest::Stack;
using linux_guest::Task;

qapi::GuestFrame frame_view(const linux_guest::CodeNames* names,
                            const linux_guest::StackFrame& frame) {
    qapi::GuestFrame view;
    view.address = frame.instruction.value;
    view.kind = frame.guessed       ? qapi::GuestFrameKind::guessed
                : frame.interrupted ? qapi::GuestFrameKind::interrupted
                                    : qapi::GuestFrameKind::call;
    const auto name = names ? names->find(frame.instruction, !frame.interrupted) : std::nullopt;
    if (!name) return view;
    if (!name->module.empty()) view.module = name->module;
    if (name->function.empty()) return view;
    view.function = name->function;
    view.offset = name->offset;
    view.size = name->size;
    return view;
}

qapi::GuestUnwindMethod method_view(linux_guest::UnwindMethod method) {
    switch (method) {
        case linux_guest::UnwindMethod::orc:
            return qapi::GuestUnwindMethod::orc;
        case linux_guest::UnwindMethod::frame_pointers:
            return qapi::GuestUnwindMethod::frame_pointers;
        case linux_guest::UnwindMethod::words:
            break;
    }
    return qapi::GuestUnwindMethod::words;
}

/// @stack, or if it is an error, an empty stack that says why it is incomplete.
qapi::GuestStack view_of(GuestKernel& kernel, const Result<Stack>& stack) {
    if (stack) return stack_view(kernel, *stack);
    qapi::GuestStack view;
    view.incomplete = util::printable(stack.error().message());
    return view;
}

qapi::GuestTaskStack cpu_view(GuestKernel& kernel, const KernelCpu& cpu) {
    qapi::GuestTaskStack view;
    view.cpu = cpu.number;
    if (cpu.vcpu) view.vcpu = static_cast<uint32_t>(*cpu.vcpu);
    if (cpu.current) {
        const auto task = kernel.task(*cpu.current);
        if (task) view.task = task_view(kernel, *task, nullptr);
    }
    if (cpu.vcpu)
        view.stack = view_of(kernel, kernel.vcpu_stack(*cpu.vcpu));
    else
        view.stack.incomplete = "no vCPU's registers show where it executes";
    return view;
}

qapi::GuestTaskStack vcpu_view(GuestKernel& kernel, size_t vcpu) {
    qapi::GuestTaskStack view;
    view.vcpu = static_cast<uint32_t>(vcpu);
    view.stack = view_of(kernel, kernel.vcpu_stack(vcpu));
    return view;
}

/// Equal if stacks are equal: the addresses of the frames, and why frames are missing.
using StackKey = std::pair<std::vector<uint64_t>, std::string>;

StackKey key_of(const Stack& stack) {
    StackKey key;
    for (const auto& frame : stack.frames) key.first.push_back(frame.instruction.value);
    key.second = stack.incomplete;
    return key;
}

}  // namespace

qapi::GuestStack stack_view(GuestKernel& kernel, const Stack& stack) {
    const auto names = kernel.names();
    qapi::GuestStack view;
    view.method = method_view(stack.method);
    view.user_mode = stack.user_mode;
    for (const auto& frame : stack.frames) {
        view.frames.push_back(frame_view(names ? *names : nullptr, frame));
    }
    if (!stack.incomplete.empty()) view.incomplete = util::printable(stack.incomplete);
    return view;
}

Result<qapi::GuestStacks> cpu_stacks_view(GuestKernel& kernel) {
    TRY(kernel.symbols());
    const auto cpus = kernel.cpus();
    qapi::GuestStacks view;
    std::vector<bool> told(kernel.vcpu_count());
    for (const KernelCpu& cpu : cpus ? **cpus : std::vector<KernelCpu>()) {
        if (!cpu.current && !cpu.vcpu) continue;  // it does not exist yet
        if (kernel.timed_out()) break;
        view.stacks.push_back(cpu_view(kernel, cpu));
        if (cpu.vcpu) told[*cpu.vcpu] = true;
    }
    for (size_t vcpu = 0; vcpu < told.size(); ++vcpu) {
        if (!told[vcpu]) view.stacks.push_back(vcpu_view(kernel, vcpu));
    }
    view.incomplete = why_incomplete(kernel, cpus ? "" : cpus.error().message());
    return view;
}

Result<qapi::GuestStacks> task_stacks_view(GuestKernel& kernel, const TaskFilter& filter) {
    const linux_guest::TaskList list = TRY(kernel.tasks());
    qapi::GuestStacks view;
    for (const Task& task : list.tasks) {
        if (!filter.wants(task)) continue;
        if (kernel.timed_out()) break;
        const auto stack = kernel.stack(task);
        qapi::GuestTaskStack& entry = view.stacks.emplace_back();
        entry.task = task_view(kernel, task, stack ? &*stack : nullptr);
        if (task.on_cpu) entry.cpu = task.cpu;
        entry.stack = view_of(kernel, stack);
    }
    view.incomplete = why_incomplete(kernel, list.incomplete);
    return view;
}

Result<BlockedTasks> blocked_view(GuestKernel& kernel) {
    const linux_guest::TaskList list = TRY(kernel.tasks());
    std::map<StackKey, size_t> places;
    BlockedTasks blocked;
    blocked.task_count = list.tasks.size();
    std::vector<qapi::GuestEqualStacks>& groups = blocked.groups;
    for (const Task& task : list.tasks) {
        if (task.state != 'D') continue;
        if (kernel.timed_out()) break;
        const auto stack = kernel.stack(task);
        const size_t group = stack && !stack->frames.empty()
                                 ? places.try_emplace(key_of(*stack), groups.size()).first->second
                                 : groups.size();  // nothing shows that it equals another stack
        if (group == groups.size()) {
            groups.push_back({.tasks = {}, .stack = view_of(kernel, stack)});
        }
        groups[group].tasks.push_back(task_view(kernel, task, stack ? &*stack : nullptr));
    }
    blocked.incomplete = why_incomplete(kernel, list.incomplete).value_or("");
    std::stable_sort(groups.begin(), groups.end(),
                     [](const auto& a, const auto& b) { return a.tasks.size() > b.tasks.size(); });
    return blocked;
}

}  // namespace guestdump::view
