// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "guest/address.h"

namespace guestdump::linux_guest {

/// A frame of a kernel stack: a place in the kernel's code.
struct StackFrame {
    guest::Gva instruction;  ///< address of the next instruction to be executed in this frame
    /// True if the function was interrupted at `instruction`, or a vCPU was about to execute it.
    /// False if `instruction` is a return address.
    bool interrupted = false;
    /// True if this is only a word of the stack that may be a return address.
    bool guessed = false;
};

/// How the frames of a stack were found.
enum class UnwindMethod { orc, frame_pointers, words };

/// A kernel stack.
struct Stack {
    std::vector<StackFrame> frames;  ///< innermost first
    UnwindMethod method = UnwindMethod::orc;
    /// True if the vCPU was in user mode, so that the kernel stack is not in use.
    bool user_mode = false;
    /// Why frames may be missing, for people; empty if the end of the stack was reached, or as many
    /// frames as requested.
    std::string incomplete;
};

/// Limit on the frames of a stack.
inline constexpr size_t kMostFrames = 128;

}  // namespace guestdump::linux_guest
