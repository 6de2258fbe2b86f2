// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>

#include "linux/virtual_memory.h"

namespace guestdump::linux_guest {

/// Reads the kernel's memory byte by byte. Reads ahead to the end of the page, but not beyond it,
/// because the next page may not be mapped. One thread.
class ByteStream {
  public:
    /// @memory must outlive this.
    ByteStream(const VirtualMemory& memory, guest::Gva from) : memory_(memory), at_(from) {}

    /// Returns the next byte. Errors: those of VirtualMemory::read().
    Result<uint8_t> next() {
        if (used_ == filled_) TRY(fill());
        return static_cast<uint8_t>(buffer_[used_++]);
    }

  private:
    Result<> fill() {
        const size_t size = buffer_.size() - at_.value % buffer_.size();
        TRY(memory_.read(at_, std::span(buffer_).first(size)));
        at_.value += size;
        filled_ = size;
        used_ = 0;
        return {};
    }

    const VirtualMemory& memory_;
    guest::Gva at_;
    std::array<std::byte, 4096> buffer_;
    size_t used_ = 0, filled_ = 0;
};

}  // namespace guestdump::linux_guest
