// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace guestdump::guest {

/// The payload of a PT_NOTE: a sequence of notes. Name and descriptor are each padded to 4 bytes,
/// in ELF64 too, as every reader of vmcores expects. (The gABI requires 8 in ELF64, but no writer
/// follows it.) [gabi ch5]
class NoteBuilder {
  public:
    /// @order: byte order of the headers.
    explicit NoteBuilder(std::endian order = std::endian::little) : order_(order) {}

    /// @name has no NUL; one is added and counted.
    void append(std::string_view name, uint32_t type, std::span<const std::byte> descriptor);

    /// In VirtualBox's form: the name's NUL is not counted, and both are padded to 8 bytes.
    void append_vbox(std::string_view name, uint32_t type, std::span<const std::byte> descriptor);

    /// Appends a note that already has its header, such as the guest's, and pads its end.
    void append_raw(std::span<const std::byte> note);

    size_t size() const { return bytes_.size(); }
    std::vector<std::byte> take() && { return std::move(bytes_); }

  private:
    static constexpr size_t kAlignment = 4;

    void append_header(size_t name_size, size_t descriptor_size, uint32_t type);

    std::endian order_;
    std::vector<std::byte> bytes_;
};

}  // namespace guestdump::guest
