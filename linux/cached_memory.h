// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <unordered_map>

#include "linux/virtual_memory.h"
#include "util/cancellation.h"
#include "util/mapped_array.h"

namespace guestdump::linux_guest {

/// Reads through another reader, keeps the pages that it has read, and refuses to read after a
/// deadline. Every loop over a guest's lists and tables reads, so the deadline bounds all loops.
///
/// Each page is read once and then kept, so that all reads of it see the same contents even if the
/// guest runs. At most kMostPages are kept; if there are more, all of them are forgotten and may be
/// read again. One thread.
class CachedMemory final : public VirtualMemory {
  public:
    using Clock = std::chrono::steady_clock;

    static constexpr size_t kPageSize = 4096;
    static constexpr size_t kMostPages = 8192;  ///< 32 MiB

    /// @limit is the time from now to the deadline. @below, the reader that is used, and
    /// @cancellation must outlive this.
    CachedMemory(const VirtualMemory& below, const util::Cancellation& cancellation,
                 std::chrono::milliseconds limit)
        : below_(below), cancellation_(cancellation), limit_(limit), end_(Clock::now() + limit) {}

    /// Errors: those of @below; the deadline has passed; cancellation; the host has no memory to
    /// give.
    Result<> read(guest::Gva from, std::span<std::byte> out) const override;

    /// True if a read was refused because of the deadline.
    bool timed_out() const { return timed_out_; }

  private:
    /// A page, or why it cannot be read.
    struct Page {
        const std::byte* bytes = nullptr;
        std::string failure;
    };

    Result<const std::byte*> page(uint64_t address) const;
    Result<std::byte*> room() const;
    Result<> check() const;

    const VirtualMemory& below_;
    const util::Cancellation& cancellation_;
    std::chrono::milliseconds limit_;
    Clock::time_point end_;
    mutable bool timed_out_ = false;
    mutable uint64_t checks_ = 0;
    mutable std::unordered_map<uint64_t, Page> pages_;
    mutable std::list<util::MappedArray<std::byte>> slabs_;
    mutable size_t used_ = 0;  ///< bytes of the last slab that are in use
    mutable uint64_t last_address_ = 1;
    mutable const std::byte* last_ = nullptr;
};

}  // namespace guestdump::linux_guest
