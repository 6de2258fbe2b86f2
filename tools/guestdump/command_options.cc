// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/command_options.h"

#include <cstdlib>
#include <memory>

#include "dump/request.h"

namespace guestdump::tools {

Result<std::vector<std::string>> parse_command_line(int argc, char** argv, const char* usage,
                                                    size_t count, const GOptionEntry* entries) {
    return parse_command_line(argc, argv, usage, count, count, entries);
}

Result<std::vector<std::string>> parse_command_line(int argc, char** argv, const char* usage,
                                                    size_t least, size_t most,
                                                    const GOptionEntry* entries) {
    const std::unique_ptr<GOptionContext, decltype(&g_option_context_free)> context(
        g_option_context_new(usage), g_option_context_free);
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
        return Error::make("%zu operands where %zu are expected: %s", operands.size(), most, usage);
    }
    return operands;
}

Result<std::optional<uint64_t>> parse_number(const char* name, const OptionText& text) {
    if (!text.get()) return std::optional<uint64_t>();
    const std::string_view whole = text.get();
    const bool hexadecimal = whole.substr(0, 2) == "0x";
    guint64 value = 0;
    GError* failure = nullptr;
    if (!g_ascii_string_to_unsigned(whole.data() + (hexadecimal ? 2 : 0), hexadecimal ? 16 : 10, 0,
                                    UINT64_MAX, &value, &failure)) {
        g_error_free(failure);
        return Error::make("--%s expects a number of up to 64 bits, not '%s'", name, text.get());
    }
    return std::optional<uint64_t>(value);
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
    constexpr int kMost = 1024;  // as many as dump-guest-memory takes
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
