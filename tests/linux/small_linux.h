// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>

#include "tests/linux/fake_memory.h"
#include "tests/support/bytes.h"

namespace guestdump::linux_guest {

/// The memory of a kernel with two CPUs and a few tasks, written by literal offsets. It has only
/// what GuestKernel reads, in one range of virtual memory.
///
///     init_task      pid 0, CPU 0 executes it
///     init           pid 1, S, sleeps in schedule <- wait <- entry
///     worker         pid 2, a kernel thread in D, schedule <- work <- fork
///     worker/thread  pid 3, a thread of 2, in D at the same place
///     busy           pid 4, on CPU 1
class SmallLinux {
  public:
    static constexpr uint64_t kBase = 0xffffffff81000000;
    static constexpr uint64_t kSize = 0x40000;

    // Offsets from kBase.
    static constexpr uint64_t kText = 0, kKallsyms = 0x10000, kBtf = 0x18000, kLog = 0x20000,
                              kTasks = 0x24000, kSignals = 0x26000, kAreas = 0x28000,
                              kStacks = 0x2c000, kOrc = 0x3c000, kVariables = 0x3e000;
    static constexpr uint64_t kTaskSize = 0x200, kStackSize = 0x4000;

    // Functions, by offset. Each has 0x100 bytes.
    static constexpr uint64_t kSchedule = 0x1000, kWait = 0x1100, kWork = 0x1200, kEntry = 0x1300,
                              kFork = 0x1400, kIdle = 0x1500, kInterrupt = 0x1600;

    SmallLinux();

    /// The kernel address of offset @offset.
    static constexpr uint64_t at(uint64_t offset) { return kBase + offset; }
    static constexpr uint64_t task(unsigned pid) { return at(kTasks + pid * kTaskSize); }

    support::Bytes& image() { return image_; }
    const support::Bytes& image() const { return image_; }
    std::string lines() const { return lines_; }
    /// The addresses of the symbols in kallsyms, by name.
    const std::map<std::string, uint64_t>& symbols() const { return symbols_; }

    FakeMemory memory() const {
        FakeMemory memory;
        memory.put(kBase, image_);
        return memory;
    }

    void put64(uint64_t offset, uint64_t value) { support::put_le64(image_, offset, value); }
    void put32(uint64_t offset, uint32_t value) { support::put_le32(image_, offset, value); }

  private:
    void tell(const std::string& key, uint64_t value, bool hexadecimal);
    void write_symbols();
    void write_types();
    void write_log();
    void write_message(unsigned index, uint64_t time, uint8_t level, const std::string& text);
    void write_task(unsigned pid, unsigned tgid, const char* name, uint32_t state);
    void write_tasks();
    void write_stacks();
    void write_orc();
    void write_variables();

    support::Bytes image_;
    std::string lines_;
    std::map<std::string, uint64_t> symbols_;
    uint64_t text_used_ = 0;
};

}  // namespace guestdump::linux_guest
