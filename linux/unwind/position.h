// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>

namespace guestdump::linux_guest {

/// The position of a stack walk: the registers of one frame, as far as they are known.
struct StackPosition {
    uint64_t ip = 0, sp = 0, bp = 0;
    bool exact = false;      ///< ip is the next instruction to be executed, not a return address
    bool user_mode = false;  ///< the frame is not the kernel's
    /// Other registers that ORC entries may use. Known in frames in which all registers were saved.
    std::optional<uint64_t> dx{}, di{}, r10{}, r13{};
};

}  // namespace guestdump::linux_guest
