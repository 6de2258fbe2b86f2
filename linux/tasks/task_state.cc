// SPDX-License-Identifier: GPL-2.0-or-later
#include <bit>

#include "linux/tasks/task.h"

namespace guestdump::linux_guest {
namespace {

// [linux include/linux/sched.h]
constexpr uint32_t kUninterruptible = 0x02;
constexpr uint32_t kReported = 0x7f;  ///< TASK_REPORT
constexpr uint32_t kNoLoad = 0x400;
constexpr uint32_t kRtlockWait = 0x1000;
constexpr uint32_t kFrozen = 0x8000;

}  // namespace

char state_letter(uint32_t state_bits) {
    if ((state_bits & (kUninterruptible | kNoLoad)) == (kUninterruptible | kNoLoad)) return 'I';
    if (state_bits & (kRtlockWait | kFrozen)) return 'D';
    return "RSDTtXZP"[std::bit_width(state_bits & kReported)];
}

}  // namespace guestdump::linux_guest
