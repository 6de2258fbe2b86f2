// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/unwind/unwinder.h"

#include <array>
#include <cinttypes>

#include "linux/types/struct_members.h"
#include "linux/unwind/orc_step.h"
#include "linux/unwind/saved_registers.h"

namespace guestdump::linux_guest {
namespace {

using guest::Gva;

constexpr uint64_t kStackSize = 16384;  ///< THREAD_SIZE [linux page_64_types.h]

/// The memory for modules and BPF programs, in each layout. [linux
/// Documentation/arch/x86/x86_64/mm.rst]
constexpr uint64_t kModules = 0xffffffffa0000000, kModulesEnd = 0xffffffffff000000;

// [x86-64 psABI, figure 3.36]
constexpr size_t kDwarfDx = 1, kDwarfDi = 5, kDwarfBp = 6, kDwarfSp = 7, kDwarfR10 = 10,
                 kDwarfR13 = 13, kDwarfIp = 16;

StackPosition position_of(const guest::Execution& execution) {
    const auto& registers = execution.registers;
    return {.ip = registers[kDwarfIp],
            .sp = registers[kDwarfSp],
            .bp = registers[kDwarfBp],
            .exact = true,
            .user_mode = execution.user_mode,
            .dx = registers[kDwarfDx],
            .di = registers[kDwarfDi],
            .r10 = registers[kDwarfR10],
            .r13 = registers[kDwarfR13]};
}

/// The kernel's ORC table. Empty if it has none.
std::optional<OrcTable> kernel_table(const SymbolTable& symbols) {
    const auto places = symbols.address_of("__start_orc_unwind_ip");
    const auto end = symbols.address_of("__stop_orc_unwind_ip");
    const auto entries = symbols.address_of("__start_orc_unwind");
    if (!places || !end || !entries || *end < *places) return std::nullopt;
    return OrcTable{*places, *entries, (end->value - places->value) / 4};
}

/// The layout of the table's entries. Empty if it is unknown, so that the table is useless.
std::optional<OrcLayout> layout_of(const OrcTable& table, const VirtualMemory& memory,
                                   const Btf* types) {
    std::optional<OrcLayout> layout;
    if (types) {
        const auto described = OrcLayout::of(*types);
        if (described) layout = *described;
    } else {
        const auto recognised = table.recognise_layout(memory);
        if (recognised) layout = *recognised;
    }
    if (!layout) return std::nullopt;
    const auto numbers = table.recognise_numbers(memory, *layout);
    if (numbers) layout->set_numbers(*numbers);
    return layout;
}

/// The entry for code without an ORC entry, such as BPF programs: it has a frame pointer.
constexpr OrcEntry kFramePointerEntry{.sp_offset = 16,
                                      .bp_offset = -16,
                                      .sp_base = OrcEntry::Base::bp,
                                      .bp_base = OrcEntry::Base::previous_sp,
                                      .type = OrcEntry::Type::call,
                                      .signal = false};
/// The entry for a call through a null pointer: only the return address was pushed.
constexpr OrcEntry kNullEntry{.sp_offset = 8,
                              .bp_offset = 0,
                              .sp_base = OrcEntry::Base::sp,
                              .bp_base = OrcEntry::Base::undefined,
                              .type = OrcEntry::Type::call,
                              .signal = false};

}  // namespace

Unwinder::Unwinder(const VirtualMemory& memory, const SymbolTable& symbols, const Btf* types,
                   const ModuleList* modules, const CodeNames& names)
    : memory_(memory), modules_(modules), names_(names) {
    if (const auto table = kernel_table(symbols)) {
        table_ = *table;
        layout_ = layout_of(*table, memory, types);
    }
    fork_return_ = symbols.address_of("ret_from_fork_asm");  // since Linux 6.6
    if (!fork_return_) fork_return_ = symbols.address_of("ret_from_fork");
    if (!types) return;
    StructMembers frame(*types, "inactive_task_frame");
    const uint64_t bp = frame.offset("bp"), back = frame.offset("ret_addr"), size = frame.size();
    if (!frame.failed()) return;
    saved_bp_ = bp;
    saved_return_ = back;
    saved_size_ = size;
}

Result<StackPosition> Unwinder::saved_position(const Task& task) const {
    const uint64_t at = task.saved_stack.value;
    if (task.stack.value == 0) return Error::make("the task has no stack any more");
    if (at - task.stack.value >= 2 * kStackSize) {  // KASAN doubles the size of stacks
        return Error::make("the task's stack pointer 0x%" PRIx64
                           " is not in its stack at 0x%" PRIx64,
                           at, task.stack.value);
    }
    StackPosition position;
    position.ip = TRY(read_u64(memory_, Gva{at + saved_return_}));
    position.bp = TRY(read_u64(memory_, Gva{at + saved_bp_}));
    position.sp = at + saved_size_;
    position.exact = Gva{position.ip} == fork_return_;
    return position;
}

Stack Unwinder::sleeping(const Task& task, size_t most_frames) const {
    Result<StackPosition> position = saved_position(task);
    if (position) return walk(*position, most_frames);
    Stack stack;
    stack.incomplete = position.error().message();
    return stack;
}

Stack Unwinder::running(const guest::Execution& execution, size_t most_frames) const {
    if (!execution.user_mode) return walk(position_of(execution), most_frames);
    Stack stack;
    stack.user_mode = true;
    return stack;
}

Stack Unwinder::walk(StackPosition position, size_t most_frames) const {
    Stack stack;
    stack.method = layout_ ? UnwindMethod::orc : UnwindMethod::frame_pointers;
    while (stack.frames.size() < most_frames) {
        stack.frames.push_back({.instruction = Gva{position.ip}, .interrupted = position.exact});
        auto caller = caller_of(position);
        if (caller && !*caller) return stack;  // the end
        if (!caller) {
            stack.incomplete = caller.error().message();
            add_words(position.sp, most_frames, stack);
            return stack;
        }
        position = **caller;
    }
    if (most_frames == kMostFrames) stack.incomplete = "there are more frames than 128";
    return stack;
}

Result<std::optional<StackPosition>> Unwinder::caller_of(const StackPosition& position) const {
    if (!layout_) return caller_by_frame_pointer(position);
    const OrcEntry entry = TRY(orc_at(Gva{position.exact ? position.ip : position.ip - 1}));
    auto caller = TRY(orc_step(memory_, entry, position));
    if (caller && caller->ip != 0) TRY(check_caller(*caller, position.ip));
    return caller;
}

Result<> Unwinder::check_caller(const StackPosition& caller, uint64_t returns_from) const {
    if (names_.is_code(Gva{caller.ip - (caller.exact ? 0 : 1)})) return {};
    if (is_generated_code(caller)) return {};
    return Error::make("0x%" PRIx64 ", to which 0x%" PRIx64 " returns, is not code", caller.ip,
                       returns_from);
}

/// True if @position is in code that the kernel generated: it is in the memory for modules, and its
/// frame pointer leads to a frame of this stack that returns to code. If there is no such frame,
/// the address is refused, because the walk would leave functions out: trampolines of ftrace make
/// no frame if the kernel is built without frame pointers.
bool Unwinder::is_generated_code(const StackPosition& position) const {
    const auto in_area = [](uint64_t ip) { return ip > kModules && ip <= kModulesEnd; };
    if (!in_area(position.ip)) return false;
    const uint64_t end = (position.sp | (kStackSize - 1)) + 1;
    if (position.bp % 8 != 0 || position.bp < position.sp) return false;
    if (position.bp >= end || end - position.bp < 16) return false;
    const Result<uint64_t> back = read_u64(memory_, Gva{position.bp + 8});
    return back && (names_.is_code(Gva{*back - 1}) || in_area(*back));
}

Result<OrcEntry> Unwinder::orc_at(Gva address) const {
    if (address.value == 0 || address.value == UINT64_MAX) return kNullEntry;
    const Module* const module = modules_ ? modules_->find(address) : nullptr;
    std::optional<OrcEntry> entry;
    if (module) {
        const OrcTable table{module->orc_places, module->orc_entries, module->orc_count};
        entry = TRY(table.find(memory_, *layout_, address));
    } else if (names_.is_code(address)) {
        entry = TRY(table_.find(memory_, *layout_, address));
    }
    return entry.value_or(kFramePointerEntry);
}

Result<std::optional<StackPosition>> Unwinder::caller_by_frame_pointer(
    const StackPosition& position) const {
    // An odd frame pointer is 1 + the address of saved registers. [linux
    // arch/x86/include/asm/frame.h]
    if (position.bp & 1) {
        const StackPosition caller = TRY(load_registers(memory_, position.bp - 1));
        if (caller.user_mode) return std::optional<StackPosition>();
        return std::optional(caller);
    }
    if (position.bp == 0) return std::optional<StackPosition>();
    if (position.bp < position.sp || position.bp - position.sp >= kStackSize) {
        return Error::make("the frame pointer 0x%" PRIx64 " is not above 0x%" PRIx64
                           " in the stack",
                           position.bp, position.sp);
    }
    StackPosition caller;
    caller.bp = TRY(read_u64(memory_, Gva{position.bp}));
    caller.ip = TRY(read_u64(memory_, Gva{position.bp + 8}));
    caller.sp = position.bp + 16;
    TRY(check_caller(caller, position.ip));
    return std::optional(caller);
}

/// Adds the words from @from to the end of the stack that may be return addresses. The end is known
/// because stacks are aligned to their size.
void Unwinder::add_words(uint64_t from, size_t most_frames, Stack& stack) const {
    const uint64_t end = (from | (kStackSize - 1)) + 1;
    if (stack.frames.size() <= 1) stack.method = UnwindMethod::words;
    for (uint64_t at = from & ~uint64_t{7}; at < end && stack.frames.size() < most_frames;
         at += 8) {
        const Result<uint64_t> word = read_u64(memory_, Gva{at});
        if (!word) return;
        if (!names_.is_code(Gva{*word})) continue;
        stack.frames.push_back({.instruction = Gva{*word}, .interrupted = false, .guessed = true});
    }
}

}  // namespace guestdump::linux_guest
