// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>

#include "linux/virtual_memory.h"
#include "tests/support/bytes.h"

namespace guestdump::linux_guest {

/// Virtual memory with the contents that a test put into it. All other addresses are not mapped.
class FakeMemory final : public VirtualMemory {
  public:
    void put(uint64_t at, support::Bytes bytes) { pieces_[at] = std::move(bytes); }
    void put_u64(uint64_t at, uint64_t value) {
        support::Bytes bytes;
        support::put_le64(bytes, 0, value);
        put(at, std::move(bytes));
    }
    /// The bytes that were put at address @at.
    support::Bytes& at(uint64_t at) { return pieces_.at(at); }

    Result<> read(guest::Gva from, std::span<std::byte> out) const override {
        ++reads;
        const auto next = pieces_.upper_bound(from.value);
        if (next != pieces_.begin()) {
            const auto& [start, bytes] = *std::prev(next);
            if (support::inside(bytes, from.value - start, out.size())) {
                std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(from.value - start), out.size(),
                            out.begin());
                return {};
            }
        }
        return Error::make("0x%" PRIx64 " is not mapped", from.value);
    }

    mutable int reads = 0;

  private:
    std::map<uint64_t, support::Bytes> pieces_;
};

}  // namespace guestdump::linux_guest
