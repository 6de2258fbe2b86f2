// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "vm/memory/live_memory.h"

/// RAM that is dumped while threads write to it.

namespace guestdump::vm {

inline constexpr uint64_t kPage = 4096;
inline constexpr uint64_t kPages = 1024 + 3;
inline constexpr uint64_t kPool = 64 << 20;

RamSpec spec(RamSpec::Backend backend, bool share, std::string path = {}, uint64_t pages = kPages);

/// RAM of every kind that can be protected.
std::vector<std::shared_ptr<Ram>> every_kind();

/// RAM of huge pages of 2 MiB; nullptr if the host has no free huge pages.
std::shared_ptr<Ram> huge_ram(uint64_t huge_pages);

std::byte* page(const Ram& ram, uint64_t number);

/// Contents that differ between pages and between generations, and are not zero.
std::byte value(uint64_t number, int generation);

void write(const Ram& ram, uint64_t first, uint64_t end, int generation);

/// Fails unless all bytes are @expected.
void check_page(std::span<const std::byte> found, std::byte expected,
                const char* file = __builtin_FILE(), int line = __builtin_LINE());

std::shared_ptr<LiveMemory> live(const std::shared_ptr<Ram>& ram, uint64_t pool = kPool,
                                 bool aliased = false);

void freeze(LiveMemory& memory);
void begin(LiveMemory& memory, uint64_t first = 0, uint64_t end = kPages);

/// A thread that writes to memory. The destructor waits until it has ended.
class Writer {
  public:
    explicit Writer(std::function<void()> work)
        : thread_([this, work = std::move(work)] {
              work();
              done_ = true;
          }) {}

    bool done() const { return done_; }
    void join() { thread_.join(); }
    bool still_waits() const {
        usleep(100 * 1000);
        return !done_;
    }

  private:
    std::atomic<bool> done_{false};
    std::jthread thread_;
};

/// Pages of @ram that are write-protected by userfaultfd. [linux pagemap.rst, bit 57]
uint64_t protected_pages(const Ram& ram);

}  // namespace guestdump::vm
