// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/unwind/orc_step.h"

#include <cinttypes>

#include "linux/unwind/saved_registers.h"

namespace guestdump::linux_guest {
namespace {

using guest::Gva;
using Type = OrcEntry::Type;

Result<uint64_t> known(std::optional<uint64_t> value, const char* name, uint64_t ip) {
    if (value) return *value;
    return Error::make("the frame at 0x%" PRIx64 " needs %s, which is not known", ip, name);
}

/// The value of the caller's stack pointer before the call.
Result<uint64_t> caller_sp(const VirtualMemory& memory, const OrcEntry& entry,
                           const StackPosition& at) {
    const auto offset = static_cast<uint64_t>(int64_t{entry.sp_offset});
    switch (entry.sp_base) {
        case OrcEntry::Base::sp:
            return at.sp + offset;
        case OrcEntry::Base::bp:
            return at.bp + offset;
        case OrcEntry::Base::sp_indirect: {
            // Since Linux 5.8 the offset is added after the read. Before, it was always 0 here.
            const uint64_t base = TRY(read_u64(memory, Gva{at.sp}));
            return base + offset;
        }
        case OrcEntry::Base::bp_indirect:
            return read_u64(memory, Gva{at.bp + offset});
        case OrcEntry::Base::r10:
            return known(at.r10, "r10", at.ip);
        case OrcEntry::Base::r13:
            return known(at.r13, "r13", at.ip);
        case OrcEntry::Base::di:
            return known(at.di, "rdi", at.ip);
        case OrcEntry::Base::dx:
            return known(at.dx, "rdx", at.ip);
        case OrcEntry::Base::ax:
            return known(std::nullopt, "rax", at.ip);
        default:
            return Error::make(
                "the kernel's ORC table does not tell how the stack is at 0x%" PRIx64, at.ip);
    }
}

/// The caller's position, except for the frame pointer.
Result<StackPosition> caller_of(const VirtualMemory& memory, const OrcEntry& entry, uint64_t sp,
                                const StackPosition& at) {
    if (entry.type == Type::regs) return load_registers(memory, sp);
    if (entry.type == Type::regs_partial) return load_interrupt_frame(memory, sp, at);
    StackPosition caller;
    caller.ip = TRY(read_u64(memory, Gva{sp - 8}));
    caller.sp = sp;
    caller.bp = at.bp;
    return caller;
}

}  // namespace

Result<std::optional<StackPosition>> orc_step(const VirtualMemory& memory, const OrcEntry& entry,
                                              const StackPosition& position) {
    if (entry.type == Type::end_of_stack) return std::optional<StackPosition>();
    if (entry.type == Type::undefined) {
        return Error::make("the kernel's ORC table has nothing about 0x%" PRIx64, position.ip);
    }
    const uint64_t sp = TRY(caller_sp(memory, entry, position));
    if (entry.type == Type::call && entry.sp_base == OrcEntry::Base::sp && sp <= position.sp) {
        return Error::make("the stack does not go on from 0x%" PRIx64, position.sp);
    }
    StackPosition caller = TRY(caller_of(memory, entry, sp, position));
    caller.exact = entry.signal;
    const auto offset = static_cast<uint64_t>(int64_t{entry.bp_offset});
    if (entry.bp_base == OrcEntry::Base::previous_sp)
        caller.bp = TRY(read_u64(memory, Gva{sp + offset}));
    if (entry.bp_base == OrcEntry::Base::bp) {
        caller.bp = TRY(read_u64(memory, Gva{position.bp + offset}));
    }
    if (caller.user_mode) return std::optional<StackPosition>();
    return std::optional(caller);
}

}  // namespace guestdump::linux_guest
