// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/cached_memory.h"

#include <algorithm>
#include <cinttypes>

namespace guestdump::linux_guest {
namespace {

constexpr size_t kSlab = 256 * CachedMemory::kPageSize;

}  // namespace

Result<> CachedMemory::check() const {
    // Reading the clock costs more than reading a page that is kept, so only every 16th call reads
    // it. The deadline is missed by little, because a read takes at most microseconds.
    if (!timed_out_ && checks_++ % 16 != 0) return {};
    TRY(cancellation_.check());
    timed_out_ = timed_out_ || Clock::now() >= end_;
    if (timed_out_) {
        return Error::make("the %" PRId64 " ms for reading the guest's memory are over",
                           static_cast<int64_t>(limit_.count()));
    }
    return {};
}

Result<std::byte*> CachedMemory::room() const {
    if (slabs_.empty() || used_ == kSlab) {
        auto slab = TRY(util::MappedArray<std::byte>::make(kSlab));
        slabs_.push_back(std::move(slab));
        used_ = 0;
    }
    return slabs_.back().data() + used_;
}

Result<const std::byte*> CachedMemory::page(uint64_t address) const {
    if (address == last_address_) return last_;
    if (const auto known = pages_.find(address); known != pages_.end()) {
        if (!known->second.bytes) return Error::make("%s", known->second.failure.c_str());
        last_address_ = address;
        last_ = known->second.bytes;
        return last_;
    }
    if (pages_.size() >= kMostPages) {
        pages_.clear();
        slabs_.clear();
        last_address_ = 1;
    }
    std::byte* const bytes = TRY(room());
    const Result<> done = below_.read(guest::Gva{address}, std::span(bytes, kPageSize));
    if (!done) {
        pages_[address] = {.bytes = nullptr, .failure = done.error().message()};
        return Error::make("%s", done.error().message().c_str());
    }
    used_ += kPageSize;
    pages_[address] = {.bytes = bytes, .failure = {}};
    last_address_ = address;
    last_ = bytes;
    return last_;
}

Result<> CachedMemory::read(guest::Gva from, std::span<std::byte> out) const {
    uint64_t at = from.value;
    while (!out.empty()) {
        TRY(check());
        const uint64_t offset = at % kPageSize;
        const size_t size = std::min<size_t>(out.size(), kPageSize - offset);
        const std::byte* const bytes = TRY(page(at - offset));
        std::copy_n(bytes + offset, size, out.begin());
        out = out.subspan(size);
        at += size;
    }
    return {};
}

}  // namespace guestdump::linux_guest
