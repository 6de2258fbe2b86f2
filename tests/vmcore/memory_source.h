// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>

#include "tests/support/bytes.h"
#include "vmcore/byte_source.h"

namespace guestdump::vmcore {

/// A vmcore in memory. Runs of zero pages count as holes, as on a file system with holes.
class MemorySource final : public ByteSource {
  public:
    explicit MemorySource(support::Bytes bytes) : bytes_(std::move(bytes)) {}

    const std::string& name() const override { return name_; }
    uint64_t size() const override { return bytes_.size(); }
    Result<> read_at(uint64_t offset, std::span<std::byte> out) const override {
        TRY(check_inside(*this, "a read", offset, out.size()));
        read_ += out.size();
        std::copy_n(bytes_.begin() + static_cast<ptrdiff_t>(offset), out.size(), out.begin());
        return {};
    }
    guest::RamExtent extent(uint64_t offset, uint64_t limit) const override {
        const uint64_t end = std::min({limit, (offset / 4096 + 1) * 4096, size()});
        const auto part = support::View(bytes_).subspan(offset, end - offset);
        return {.length = end - offset, .populated = !support::all_zero(part)};
    }

    /// Bytes that read_at() has returned so far.
    uint64_t bytes_read() const { return read_; }

  private:
    std::string name_ = "memory.vmcore";
    support::Bytes bytes_;
    mutable std::atomic<uint64_t> read_ = 0;
};

inline std::shared_ptr<const ByteSource> in_memory(support::Bytes bytes) {
    return std::make_shared<const MemorySource>(std::move(bytes));
}

}  // namespace guestdump::vmcore
