// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "guest/execution.h"
#include "linux/symbols/code_names.h"
#include "linux/symbols/modules.h"
#include "linux/symbols/symbol_table.h"
#include "linux/tasks/task.h"
#include "linux/types/btf.h"
#include "linux/unwind/orc_table.h"
#include "linux/unwind/position.h"
#include "linux/unwind/stack_frame.h"
#include "linux/virtual_memory.h"

namespace guestdump::linux_guest {

/// Walks the stacks of the guest's kernel by its ORC tables, or by frame pointers if it has no ORC
/// tables. Code that the kernel generated, such as BPF programs and trampolines, has no ORC
/// entries; it is followed by its frame pointer, as the kernel's own unwinder does. If the walk
/// cannot go on, all further words of the stack that may be return addresses are added, marked as
/// guessed. One thread.
class Unwinder {
  public:
    /// @types and @symbols are used by the constructor only; the rest must outlive this. @types and
    /// @modules may be null.
    Unwinder(const VirtualMemory& memory, const SymbolTable& symbols, const Btf* types,
             const ModuleList* modules, const CodeNames& names);

    /// The stack of a task that no CPU executes.
    Stack sleeping(const Task& task, size_t most_frames = kMostFrames) const;

    /// The kernel stack of a vCPU. Empty, with `user_mode` set, if the vCPU was in user mode.
    Stack running(const guest::Execution& execution, size_t most_frames = kMostFrames) const;

  private:
    Result<StackPosition> saved_position(const Task& task) const;
    Stack walk(StackPosition position, size_t most_frames) const;
    Result<std::optional<StackPosition>> caller_of(const StackPosition& position) const;
    Result<std::optional<StackPosition>> caller_by_frame_pointer(
        const StackPosition& position) const;
    Result<> check_caller(const StackPosition& caller, uint64_t returns_from) const;
    bool is_generated_code(const StackPosition& position) const;
    Result<OrcEntry> orc_at(guest::Gva address) const;
    void add_words(uint64_t from, size_t most_frames, Stack& stack) const;

    const VirtualMemory& memory_;
    const ModuleList* modules_;
    const CodeNames& names_;
    /// Empty if the kernel has no ORC tables, or none that can be decoded.
    std::optional<OrcLayout> layout_;
    OrcTable table_;
    std::optional<guest::Gva> fork_return_;  ///< address at which a new task begins
    /// Offsets in struct inactive_task_frame, which is at the saved stack pointer of a task that
    /// does not run, and its size, bytes.
    uint64_t saved_bp_ = 40, saved_return_ = 48, saved_size_ = 56;
};

}  // namespace guestdump::linux_guest
