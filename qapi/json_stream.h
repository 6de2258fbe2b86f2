// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "qapi/json.h"
#include "qapi/json_lexer.h"
#include "util/result.h"

namespace guestdump::qapi {

/// Divides a stream of characters into JSON values, which may follow each other without a
/// separator. After an error the stream goes on with the next value. The lexer finds the end of
/// each value and rewrites it in the notation of RFC 8259; json-c then parses it.
///
/// The limits are QEMU's too. A value that exceeds one becomes an error. [qemu
/// qobject/json-streamer.c]
class JsonStream {
  public:
    static constexpr size_t kMaxBytes = size_t{64} << 20;  ///< of all tokens of a value together
    static constexpr size_t kMaxTokens = size_t{2} << 20;
    static constexpr long kMaxNesting = 1024;

    /// A value, or an error: "JSON parse error, ...".
    using OnValue = std::function<void(util::Result<Json> value)>;

    explicit JsonStream(OnValue on_value);

    void feed(std::string_view text) {
        for (const char c : text) feed(c);
    }
    void feed(char c) { lexer_.feed(c); }

  private:
    void token(JsonLexer::Kind kind, std::string_view text);
    util::Result<> append(JsonLexer::Kind kind, std::string_view text);
    void nest(char c);
    util::Result<Json> parse() const;
    void conclude(util::Result<Json> value);

    OnValue on_value_;
    JsonLexer lexer_;
    std::string text_;  ///< the value so far
    size_t tokens_ = 0;
    size_t keys_ = 0;                 ///< number of colons
    bool nul_before_ = false;         ///< the last token is a string that contains NUL
    bool nul_in_name_ = false;        ///< a member's name contains NUL
    long braces_ = 0, brackets_ = 0;  ///< open ones; negative if too many were closed
};

}  // namespace guestdump::qapi
