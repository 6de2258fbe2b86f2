// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <unistd.h>

#include <cinttypes>

#include "tests/support/libcheck.h"
#include "tests/vm/bare_machine.h"

/// What tests know about the counting guest: the numbers in tests/guests/README.md.

namespace guestdump::vm {

inline uint64_t counter_in_memory(const BareMachine& machine, unsigned cpu) {
    return machine.word(0x200000 + 64 * uint64_t{cpu});
}

inline bool in_loop(uint64_t rip) {
    return rip >= 0xffff800000100800 && rip < 0xffff800000100808;
}

inline std::vector<uint64_t> counters_in_memory(const BareMachine& machine) {
    std::vector<uint64_t> counters;
    for (unsigned cpu = 0; cpu < machine.cpus(); ++cpu) {
        counters.push_back(counter_in_memory(machine, cpu));
    }
    return counters;
}

/// Waits until every vCPU has counted further than @before. A vCPU writes 0 on its way into the
/// loop.
inline void wait_for_progress(const BareMachine& machine, const std::vector<uint64_t>& before) {
    for (unsigned cpu = 0; cpu < machine.cpus(); ++cpu) {
        uint64_t now = 0;
        while (now = counter_in_memory(machine, cpu), now == before[cpu] || now == 0) usleep(100);
    }
}

/// Checks that the registers of each vCPU of a halted machine agree with its counter. Returns the
/// counters.
inline std::vector<uint64_t> consistent_counters(BareMachine& machine) {
    std::vector<uint64_t> counters;
    for (unsigned cpu = 0; cpu < machine.cpus(); ++cpu) {
        const target_i386::Registers registers = machine.registers(cpu);
        const uint64_t counter = counter_in_memory(machine, cpu);
        ck_assert_msg(in_loop(registers.rip), "vCPU %u is at 0x%" PRIx64, cpu, registers.rip);
        // Only between the increment and the store is the register ahead, by one.
        const uint64_t ahead = registers.rip == 0xffff800000100803 ? 1 : 0;
        ck_assert_uint_eq(registers.rbx, counter + ahead);
        ck_assert_uint_eq(registers.rdi, 0xffff800000200000 + 64 * uint64_t{cpu});
        counters.push_back(counter);
    }
    return counters;
}

/// Runs @machine until every vCPU is in its loop. Then runs and halts it @times times, and checks
/// that counters and registers agree at each halt, do not change while halted, and grow in between.
inline void check_counting(BareMachine& machine, int times) {
    std::vector<uint64_t> last = counters_in_memory(machine);
    for (int i = 0; i < times; ++i) {
        machine.accel().run();
        wait_for_progress(machine, last);
        machine.accel().halt();
        last = consistent_counters(machine);
        ck_assert(consistent_counters(machine) == last);
    }
}

}  // namespace guestdump::vm
