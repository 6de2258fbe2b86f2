// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/execution.h"

#include <algorithm>

namespace guestdump::target_i386 {
namespace {

constexpr uint16_t kPrivilege = 3;  ///< RPL of CS, which is the privilege level [SDM 3A 5.5]

}  // namespace

std::optional<guest::Execution> execution_of(const Registers& registers) {
    if (!(registers.efer & kEferLongModeActive)) return std::nullopt;
    if (registers.rip == 0 && registers.rsp == 0) return std::nullopt;
    guest::Execution execution;
    // rdx before rcx and rbx, and rsi before rdi. [x86-64 psABI, figure 3.36]
    execution.registers = {registers.rax, registers.rdx, registers.rcx, registers.rbx,
                           registers.rsi, registers.rdi, registers.rbp, registers.rsp};
    std::copy(registers.r8_to_r15.begin(), registers.r8_to_r15.end(),
              execution.registers.begin() + 8);
    execution.registers[16] = registers.rip;
    execution.user_mode = (registers.cs.selector & kPrivilege) != 0;
    for (const uint64_t base : {registers.gs.base, registers.kernel_gs_base}) {
        if (base != 0) execution.areas.push_back(guest::Gva{base});
    }
    return execution;
}

}  // namespace guestdump::target_i386
