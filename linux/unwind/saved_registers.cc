// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/unwind/saved_registers.h"

#include <array>

namespace guestdump::linux_guest {

Result<StackPosition> load_registers(const VirtualMemory& memory, uint64_t at) {
    // r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss
    std::array<util::le64, 21> words;
    TRY(memory.read(guest::Gva{at}, std::as_writable_bytes(std::span(words))));
    return StackPosition{.ip = words[16],
                         .sp = words[19],
                         .bp = words[4],
                         .exact = true,
                         .user_mode = (words[17] & 3) != 0,
                         .dx = words[12],
                         .di = words[14],
                         .r10 = words[7],
                         .r13 = words[2]};
}

Result<StackPosition> load_interrupt_frame(const VirtualMemory& memory, uint64_t at,
                                           const StackPosition& before) {
    std::array<util::le64, 5> words;  // ip cs flags sp ss
    TRY(memory.read(guest::Gva{at}, std::as_writable_bytes(std::span(words))));
    StackPosition position = before;
    position.ip = words[0];
    position.sp = words[3];
    position.exact = true;
    position.user_mode = (words[1] & 3) != 0;
    return position;
}

}  // namespace guestdump::linux_guest
