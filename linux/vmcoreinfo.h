// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "guest/guest.h"
#include "util/result.h"

namespace guestdump::linux_guest {

/// A guest note whose sizes have been checked against each other. Views into the bytes it was made
/// from.
struct NoteView {
    std::string_view name;  ///< without its NUL
    uint32_t type = 0;
    uint64_t descriptor_offset = 0;  ///< from the start of the note
    std::span<const std::byte>
        descriptor;  ///< inside the note, for whatever length the guest claims
    /// Header, name and descriptor, without what the guest may have put behind them: readers would
    /// take that for more notes.
    std::span<const std::byte> whole;
};

/// The note that @note, which a guest handed over, begins with.
///
/// Errors: too short, too long (kMaxGuestNote), its sizes lead outside of it, or its name is one by
/// which readers know a dump's own notes: a guest would tell them of vCPUs that there are not.
util::Result<NoteView> parse_note(std::span<const std::byte> note);

/// The "KEY=value" lines that Linux keeps for dump tools. [linux
/// Documentation/admin-guide/kdump/vmcoreinfo.rst]
class Vmcoreinfo {
  public:
    explicit Vmcoreinfo(std::string text) : text_(std::move(text)) {}

    /// The value of a line, empty where there is none.
    std::optional<std::string_view> value(std::string_view key) const;

    /// NUMBER(name), in signed decimal as Linux prints it (QEMU reads it as hexadecimal), as two's
    /// complement.
    std::optional<uint64_t> number(std::string_view name) const;

    /// SYMBOL(name), hexadecimal.
    std::optional<uint64_t> symbol(std::string_view name) const;

    const std::string& text() const { return text_; }

  private:
    std::string text_;
};

}  // namespace guestdump::linux_guest
