// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace guestdump::guest {

/// The payload of a PT_NOTE: notes one behind the other, name and descriptor each padded to 4
/// bytes, in ELF64 too, as every reader of vmcores expects (gabi says 8; nobody does it). [gabi
/// ch5]
class NoteBuilder {
  public:
    /// @name without its NUL, which is added and counted.
    void append(std::string_view name, uint32_t type, std::span<const std::byte> descriptor);

    /// As VirtualBox has its notes: the name's NUL is not counted, and both are padded to 8 bytes.
    void append_vbox(std::string_view name, uint32_t type, std::span<const std::byte> descriptor);

    /// Appends a note that already has its header, as a guest hands it over; pads its end.
    void append_raw(std::span<const std::byte> note);

    size_t size() const { return bytes_.size(); }
    std::vector<std::byte> take() && { return std::move(bytes_); }

  private:
    static constexpr size_t kAlignment = 4;

    void append_header(size_t name_size, size_t descriptor_size, uint32_t type);

    std::vector<std::byte> bytes_;
};

}  // namespace guestdump::guest
