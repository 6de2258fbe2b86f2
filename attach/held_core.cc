// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/held_core.h"

#include <algorithm>
#include <cstring>

namespace guestdump::attach {

HeldCore::HeldCore(std::string name, CoreHead head, std::vector<uint64_t> addresses,
                   std::unique_ptr<HostMemory> memory)
    : name_(std::move(name)),
      head_(std::move(head)),
      addresses_(std::move(addresses)),
      memory_(std::move(memory)),
      size_(head_.loads.empty() ? head_.bytes.size() : head_.loads.back().end()) {}

size_t HeldCore::load_at(uint64_t offset) const {
    const auto load = std::ranges::upper_bound(head_.loads, offset, {}, &CoreLoad::end);
    return static_cast<size_t>(load - head_.loads.begin());
}

Result<> HeldCore::read_at(uint64_t offset, std::span<std::byte> out) const {
    TRY(vmcore::check_inside(*this, "the bytes asked for", offset, out.size()));
    while (!out.empty()) {
        const size_t size = TRY(read_some(offset, out));
        offset += size;
        out = out.subspan(size);
    }
    return {};
}

/// Reads bytes at @offset up to the end of the part that it lies in: the head, a PT_LOAD, or a
/// gap, which reads as zeros. Returns the number of bytes.
Result<size_t> HeldCore::read_some(uint64_t offset, std::span<std::byte> out) const {
    if (offset < head_.bytes.size()) {
        const auto size = std::min<uint64_t>(out.size(), head_.bytes.size() - offset);
        std::memcpy(out.data(), head_.bytes.data() + offset, size);
        return size;
    }
    const size_t index = load_at(offset);
    const CoreLoad& load = head_.loads[index];
    if (offset < load.offset) {
        const auto size = std::min<uint64_t>(out.size(), load.offset - offset);
        std::memset(out.data(), 0, size);
        return size;
    }
    if (!held_) return Error::make("'%s': the guest runs again", name_.c_str());
    const auto size = std::min<uint64_t>(out.size(), load.end() - offset);
    TRY(memory_->read(addresses_[index] + (offset - load.offset), out.first(size)));
    return size;
}

guest::RamExtent HeldCore::extent(uint64_t offset, uint64_t limit) const {
    if (offset < head_.bytes.size()) {
        const uint64_t end = std::min<uint64_t>(limit, head_.bytes.size());
        return {.length = end - offset, .populated = true};
    }
    const size_t index = load_at(offset);
    if (index == head_.loads.size()) return {.length = limit - offset, .populated = true};
    const CoreLoad& load = head_.loads[index];
    if (offset < load.offset)
        return {.length = std::min(limit, load.offset) - offset, .populated = false};
    return memory_->extent(addresses_[index] + (offset - load.offset),
                           std::min(limit, load.end()) - offset);
}

}  // namespace guestdump::attach
