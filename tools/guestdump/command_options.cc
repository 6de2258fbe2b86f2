// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/command_options.h"

#include <charconv>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "dump/request.h"
#include "util/text.h"

namespace guestdump::tools {

namespace {

/// Returns "1 operands where 2 are expected"-like text for @usage.
Error wrong_count(size_t given, size_t least, size_t most, const Usage& usage) {
    const char* more = most == kManyOperands ? " or more" : "";
    const size_t expected = most == kManyOperands ? least : most;
    return Error::make("%zu operand%s where %zu%s %s expected: %s", given, given == 1 ? "" : "s",
                       expected, more, expected == 1 && !*more ? "is" : "are", usage.operands);
}

struct ParsedNumber {
    uint64_t value = 0;
    std::string_view rest;  ///< what follows the digits
};

/// Empty if @text does not begin with a number of at most 64 bits.
std::optional<ParsedNumber> parse_digits(std::string_view text) {
    const bool hexadecimal = text.starts_with("0x");
    if (hexadecimal) text.remove_prefix(2);
    ParsedNumber number;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number.value, hexadecimal ? 16 : 10);
    if (parsed.ec != std::errc()) return std::nullopt;
    number.rest = std::string_view(parsed.ptr, static_cast<size_t>(end - parsed.ptr));
    return number;
}

/// Returns the power of two that @unit means; empty for an unknown one.
std::optional<unsigned> shift_of(std::string_view unit) {
    constexpr std::string_view kUnits = "KMGT";
    if (unit.empty()) return 0;
    const size_t index = unit.size() == 1 ? kUnits.find(unit[0]) : kUnits.npos;
    if (index == kUnits.npos) return std::nullopt;
    return static_cast<unsigned>(10 * (index + 1));
}

}  // namespace

Result<std::vector<std::string>> parse_command_line(int argc, char** argv, const Usage& usage,
                                                    size_t count, const GOptionEntry* entries) {
    return parse_command_line(argc, argv, usage, count, count, entries);
}

Result<std::vector<std::string>> parse_command_line(int argc, char** argv, const Usage& usage,
                                                    size_t least, size_t most,
                                                    const GOptionEntry* entries) {
    const std::unique_ptr<GOptionContext, decltype(&g_option_context_free)> context(
        g_option_context_new(usage.operands), g_option_context_free);
    g_set_prgname(util::text("guestdump %s", argv[0]).c_str());
    g_option_context_set_summary(context.get(), usage.summary);
    g_option_context_add_main_entries(context.get(), entries, nullptr);
    GError* failure = nullptr;
    if (!g_option_context_parse(context.get(), &argc, &argv, &failure)) {
        Error error = Error::make("%s", failure->message);
        g_error_free(failure);
        return error;
    }
    std::vector<std::string> operands;
    for (int i = 1; i < argc; ++i) {
        if (std::string_view(argv[i]) != "--") operands.emplace_back(argv[i]);
    }
    if (operands.size() < least || operands.size() > most) {
        return wrong_count(operands.size(), least, most, usage);
    }
    return operands;
}

Result<std::optional<uint64_t>> parse_number(const char* name, const OptionText& text) {
    if (!text.get()) return std::optional<uint64_t>();
    const auto number = parse_digits(text.get());
    if (number && number->rest.empty()) return std::optional(number->value);
    return Error::make("--%s expects a number of up to 64 bits, not '%s'", name, text.get());
}

Result<std::optional<uint64_t>> parse_bytes(const char* name, const OptionText& text) {
    if (!text.get()) return std::optional<uint64_t>();
    const auto number = parse_digits(text.get());
    const auto shift = number ? shift_of(number->rest) : std::nullopt;
    if (shift && number->value <= UINT64_MAX >> *shift)
        return std::optional(number->value << *shift);
    return Error::make(
        "--%s expects a number of up to 64 bits, with K, M, G or T after it or not, not '%s'", name,
        text.get());
}

Result<std::optional<int64_t>> parse_signed(const char* name, const OptionText& text) {
    if (!text.get()) return std::optional<int64_t>();
    gint64 value = 0;
    GError* failure = nullptr;
    if (!g_ascii_string_to_signed(text.get(), 10, INT64_MIN, INT64_MAX, &value, &failure)) {
        g_error_free(failure);
        return Error::make("--%s expects a number, not '%s'", name, text.get());
    }
    return std::optional<int64_t>(value);
}

Result<unsigned> parse_threads(int threads) {
    constexpr int kMost = 1024;  // the limit of dump-guest-memory
    if (threads < 0 || threads > kMost) {
        return Error::make("--threads expects a value from 1 to %d, not %d", kMost, threads);
    }
    return dump::thread_count(static_cast<unsigned>(threads));
}

Result<std::string> parse_socket(const OptionText& qmp) {
    const char* socket = qmp.get() ? qmp.get() : std::getenv("GUESTDUMP_QMP");
    if (socket && *socket) return std::string(socket);
    return Error::make("no machine given: use --qmp SOCKET or set GUESTDUMP_QMP");
}

}  // namespace guestdump::tools
