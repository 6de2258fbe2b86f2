// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "guest/guest.h"
#include "util/error.h"

namespace guestdump::linux_guest {

/// A guest note whose sizes have been checked against each other. Refers to the bytes that it was
/// parsed from.
struct NoteView {
    std::string_view name;  ///< without its NUL
    uint32_t type = 0;
    uint64_t descriptor_offset = 0;         ///< from the start of the note
    std::span<const std::byte> descriptor;  ///< always inside the note
    /// Header, name and descriptor, without any bytes that the guest put after them, because
    /// readers would parse those as more notes.
    std::span<const std::byte> whole;
};

/// Parses the note at the start of @note, which a guest passed.
///
/// Errors: the note is too short; it is longer than kMaxGuestNote; its sizes exceed it; its name is
/// reserved for a dump's own notes, because a guest could use such a name to forge vCPUs.
util::Result<NoteView> parse_note(std::span<const std::byte> note);

/// The "KEY=value" lines that Linux keeps for dump tools. [linux
/// Documentation/admin-guide/kdump/vmcoreinfo.rst]
class Vmcoreinfo {
  public:
    explicit Vmcoreinfo(std::string text) : text_(std::move(text)) {}

    /// The value of the line for @key, empty if there is none.
    std::optional<std::string_view> value(std::string_view key) const;

    /// NUMBER(name) as two's complement. Linux prints it in signed decimal (QEMU reads it as
    /// hexadecimal).
    std::optional<uint64_t> number(std::string_view name) const;

    /// SYMBOL(name), hexadecimal.
    std::optional<uint64_t> symbol(std::string_view name) const;

    /// OFFSET(name) in bytes, SIZE(name) in bytes, LENGTH(name) in elements: decimal, not negative.
    std::optional<uint64_t> offset(std::string_view name) const;
    std::optional<uint64_t> size(std::string_view name) const;
    std::optional<uint64_t> length(std::string_view name) const;

    const std::string& text() const { return text_; }

  private:
    std::optional<uint64_t> decimal(std::string_view kind, std::string_view name) const;

    std::string text_;
};

}  // namespace guestdump::linux_guest
