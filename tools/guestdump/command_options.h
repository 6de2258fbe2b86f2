// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <glib.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "util/result.h"

namespace guestdump::tools {

/// A string that GLib allocated for an option; freed when it goes. Give address() to a
/// GOptionEntry.
class OptionText {
  public:
    OptionText() = default;
    OptionText(const OptionText&) = delete;
    OptionText& operator=(const OptionText&) = delete;
    ~OptionText() { g_free(text_); }

    char** address() { return &text_; }
    /// nullptr where the option was not given.
    const char* get() const { return text_; }

  private:
    char* text_ = nullptr;
};

/// The operands of a command, when its options have been taken out and stored. @usage names the
/// operands,
/// @count says how many there must be; @entries end with a null entry. --help prints the options
/// and ends the process.
///
/// Errors: an option that is not known or has a bad value; fewer or more operands.
Result<std::vector<std::string>> parse_command_line(int argc, char** argv, const char* usage,
                                                    size_t count, const GOptionEntry* entries);
/// As above, for a command that can do with @least to @most operands.
Result<std::vector<std::string>> parse_command_line(int argc, char** argv, const char* usage,
                                                    size_t least, size_t most,
                                                    const GOptionEntry* entries);

/// The value of --@name, decimal or hexadecimal behind 0x; empty where the option was not given.
/// Errors: not a number, or one of more than 64 bits.
Result<std::optional<uint64_t>> parse_number(const char* name, const OptionText& text);

/// The value of --@name, decimal; empty where the option was not given. Errors: not a number.
Result<std::optional<int64_t>> parse_signed(const char* name, const OptionText& text);

/// The value of --threads; 0, which is not to be given, stands for all processors.
/// Errors: outside of what a dump takes.
Result<unsigned> parse_threads(int threads);

/// The path of the machine's QMP socket: the value of --qmp, or else GUESTDUMP_QMP of the
/// environment. Errors: neither is there.
Result<std::string> parse_socket(const OptionText& qmp);

}  // namespace guestdump::tools
