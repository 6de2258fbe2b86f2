// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.h"

namespace guestdump::vm {

/// The argument of an option in QEMU's spelling: "unix:/run/q,server=on,wait=off".
///
/// Each member must be taken by somebody; expect_all_taken() then refuses what nobody knows.
class OptionList {
  public:
    /// Splits @text at commas; ",," is a comma. The first member may lack its "name=", and then is
    /// called @implied. A later one without "=" is a switch: "wait" is "wait=on", "nowait" is
    /// "wait=off".
    ///
    /// Errors: a member without a name.
    static Result<OptionList> parse(std::string_view text, std::string_view implied);

    /// As parse(), or a JSON object, which begins with a brace: managers write -object and -device
    /// so. Errors: also of qapi::parse_json_members().
    static Result<OptionList> parse_maybe_json(std::string_view text, std::string_view implied);

    /// The last value of @name, and takes all of them.
    std::optional<std::string> take(std::string_view name);

    /// Errors of these: the value is not what the name says it must be.
    Result<std::optional<bool>> take_bool(std::string_view name);  ///< on, off, yes, no
    Result<std::optional<uint64_t>> take_size(std::string_view name, uint64_t unit = 1);
    Result<std::optional<uint64_t>> take_number(std::string_view name);

    /// As take(); an Error where there is none.
    Result<std::string> require(std::string_view name);

    /// Errors: "Parameter '<name>' is unexpected", for a member that was not taken.
    Result<> expect_all_taken() const;

  private:
    struct Member {
        std::string name, value;
    };
    std::vector<Member> members_;
};

/// A number of bytes with an optional suffix K, M, G, T; without one in @unit bytes.
///
/// Errors: not a number, or more than 64 bits hold.
Result<uint64_t> parse_size(std::string_view text, uint64_t unit);

/// Decimal, or hexadecimal behind 0x. Errors: as parse_size().
Result<uint64_t> parse_number(std::string_view text);

}  // namespace guestdump::vm
