// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <glib.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "util/result.h"

namespace guestdump::tools {

/// A string that GLib allocated for an option, and that the destructor frees. Put address() into a
/// GOptionEntry.
class OptionText {
  public:
    OptionText() = default;
    OptionText(const OptionText&) = delete;
    OptionText& operator=(const OptionText&) = delete;
    ~OptionText() { g_free(text_); }

    char** address() { return &text_; }
    /// nullptr if the option was not given.
    const char* get() const { return text_; }

  private:
    char* text_ = nullptr;
};

/// What --help prints about a command in addition to its options.
struct Usage {
    /// Not explicit: a command may name its operands only.
    Usage(const char* names, const char* what = nullptr) : operands(names), summary(what) {}

    const char* operands;  ///< "IN OUT"
    const char* summary;   ///< what the command does, in whole sentences; nullptr: nothing
};

/// The number of operands of a command that takes any number of files.
inline constexpr size_t kManyOperands = SIZE_MAX;

/// Parses and stores the options, and returns the operands of the command argv[0]. @count is their
/// number, and @entries end with a null entry. --help prints the options and ends the process.
///
/// Errors: an unknown option or a bad value; fewer or more operands than @count.
Result<std::vector<std::string>> parse_command_line(int argc, char** argv, const Usage& usage,
                                                    size_t count, const GOptionEntry* entries);
/// As above, for a command with @least to @most operands.
Result<std::vector<std::string>> parse_command_line(int argc, char** argv, const Usage& usage,
                                                    size_t least, size_t most,
                                                    const GOptionEntry* entries);

/// Parses the value of --@name, which is decimal, or hexadecimal after 0x; empty if the option was
/// not given. Errors: not a number; a number of more than 64 bits.
Result<std::optional<uint64_t>> parse_number(const char* name, const OptionText& text);

/// As parse_number(), for bytes: K, M, G or T after the number multiplies it by 2^10, 2^20, 2^30 or
/// 2^40.
Result<std::optional<uint64_t>> parse_bytes(const char* name, const OptionText& text);

/// Parses the value of --@name, which is decimal; empty if the option was not given. Errors: not a
/// number.
Result<std::optional<int64_t>> parse_signed(const char* name, const OptionText& text);

/// Returns the number of threads that --threads asks for. @threads is its value, or 0, which means
/// all processors, if the option was not given. Errors: outside the range that a dump accepts.
Result<unsigned> parse_threads(int threads);

/// Returns the path of the machine's QMP socket: the value of --qmp or else of the environment
/// variable GUESTDUMP_QMP. Errors: neither is set.
Result<std::string> parse_socket(const OptionText& qmp);

}  // namespace guestdump::tools
