// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "guest/address.h"

namespace guestdump::linux_guest {

/// A thread of the guest, from its task_struct.
struct Task {
    guest::Gva address;           ///< address of the task_struct
    guest::Gva stack;             ///< lowest address of its kernel stack; 0 once that is freed
    guest::Gva saved_stack;       ///< thread.sp: its stack pointer when it last left a CPU
    uint32_t pid = 0;             ///< the thread's ID
    uint32_t tgid = 0;            ///< the process's ID
    uint32_t parent = 0;          ///< tgid of the process's parent
    uint32_t cpu = 0;             ///< the CPU that it runs on or ran on last
    uint32_t state_bits = 0;      ///< __state and exit_state
    char state = '?';             ///< letter of the state, as ps(1) in the guest prints it
    bool is_kernel = false;       ///< a kernel thread
    bool on_cpu = false;          ///< a CPU executes it
    std::array<char, 16> comm{};  ///< name as the guest wrote it, not escaped

    std::string_view name() const {
        const std::string_view whole(comm.data(), comm.size());
        return whole.substr(0, whole.find('\0'));
    }
    bool is_leader() const { return pid == tgid; }
};

/// The letter of the state @state_bits. [linux include/linux/sched.h, task_state_index()]
char state_letter(uint32_t state_bits);

/// Tasks of a guest, in the order of the kernel's list.
struct TaskList {
    std::vector<Task> tasks;
    /// Why tasks are missing, for people; empty if none are known to be.
    std::string incomplete;
};

}  // namespace guestdump::linux_guest
