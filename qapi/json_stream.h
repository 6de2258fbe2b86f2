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

/// Cuts a stream of characters into JSON values, which need nothing between them. After an error
/// the stream goes on. json-c parses what the lexer has framed and brought into RFC 8259's
/// spelling.
///
/// The bounds are QEMU's as well; a value that passes one becomes an error. [qemu
/// qobject/json-streamer.c]
class JsonStream {
  public:
    static constexpr size_t kMaxBytes = size_t{64} << 20;  ///< of all tokens of a value
    static constexpr size_t kMaxTokens = size_t{2} << 20;
    static constexpr long kMaxNesting = 1024;

    /// A value, or why there is none: "JSON parse error, ...".
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
    std::string text_;  ///< of the value so far
    size_t tokens_ = 0;
    size_t keys_ = 0;                 ///< colons, that is
    bool nul_before_ = false;         ///< the last token is a string with one inside
    bool nul_in_name_ = false;        ///< one of those was a member's name
    long braces_ = 0, brackets_ = 0;  ///< open ones; below 0 where one was closed too many
};

}  // namespace guestdump::qapi
