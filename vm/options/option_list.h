// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.h"

namespace guestdump::vm {

/// The argument of an option in QEMU's notation: "unix:/run/q,server=on,wait=off".
///
/// Every member must be taken; expect_all_taken() refuses the others.
class OptionList {
  public:
    /// Splits @text at commas; ",," stands for a comma. The first member may lack its "name=" and
    /// is then called @implied. A later member without "=" is a switch: "wait" is "wait=on",
    /// "nowait" is "wait=off".
    ///
    /// Errors: a member without a name.
    static Result<OptionList> parse(std::string_view text, std::string_view implied);

    /// As parse(), but also accepts a JSON object, which begins with a brace: managers write
    /// -object and -device this way. Errors: also those of qapi::parse_json_members().
    static Result<OptionList> parse_maybe_json(std::string_view text, std::string_view implied);

    /// Takes all values of @name and returns the last one.
    std::optional<std::string> take(std::string_view name);

    /// Errors of these: the value does not have the type in the function's name.
    Result<std::optional<bool>> take_bool(std::string_view name);  ///< on, off, yes, no
    Result<std::optional<uint64_t>> take_size(std::string_view name, uint64_t unit = 1);
    Result<std::optional<uint64_t>> take_number(std::string_view name);

    /// As take(); an Error if there is no such member.
    Result<std::string> require(std::string_view name);

    /// Errors: "Parameter '<name>' is unexpected" for a member that was not taken.
    Result<> expect_all_taken() const;

  private:
    struct Member {
        std::string name, value;
    };
    std::vector<Member> members_;
};

/// Reads a size: a number with an optional suffix K, M, G or T, or a number of @unit bytes without
/// one.
///
/// Errors: it is not a number, or does not fit into 64 bits.
Result<uint64_t> parse_size(std::string_view text, uint64_t unit);

/// Reads a decimal number, or a hexadecimal one after 0x. Errors: as for parse_size().
Result<uint64_t> parse_number(std::string_view text);

}  // namespace guestdump::vm
