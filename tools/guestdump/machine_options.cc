// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/machine_options.h"

#include <cmath>
#include <cstdio>

#include "util/text.h"

namespace guestdump::tools {
namespace {

using std::chrono::milliseconds;

/// Parses the value of --timeout, in seconds; empty if the option was not given.
Result<std::optional<milliseconds>> parse_timeout(const OptionText& text) {
    constexpr double kMost = 1e6;
    if (!text.get()) return std::optional<milliseconds>();
    char* end = nullptr;
    const double seconds = g_ascii_strtod(text.get(), &end);
    if (end == text.get() || *end != '\0' || !(seconds > 0) || seconds > kMost)
        return Error::make("--timeout expects a number of seconds above 0, not '%s'", text.get());
    return std::optional(milliseconds(static_cast<int64_t>(std::ceil(seconds * 1000))));
}

}  // namespace

std::vector<GOptionEntry> MachineOptions::entries() {
    return {
        {"qmp", 0, 0, G_OPTION_ARG_STRING, qmp_.address(),
         "path of the QMP socket (default: $GUESTDUMP_QMP)", "SOCKET"},
        {"timeout", 0, 0, G_OPTION_ARG_STRING, timeout_.address(),
         "give up if the machine is silent for S seconds (default: wait)", "S"},
    };
}

Result<qmp::Patience> MachineOptions::patience(const char* command) const {
    const std::string path = TRY(socket());
    qmp::Patience patience;
    patience.limit = TRY(parse_timeout(timeout_));
    patience.notice = [path, command = std::string(command)](const std::string& what) {
        std::fprintf(stderr, "guestdump %s: '%s': waiting for %s\n", command.c_str(),
                     util::printable(path).c_str(), what.c_str());
    };
    return patience;
}

Result<std::unique_ptr<qmp::QmpClient>> MachineOptions::connect(const char* command) const {
    const std::string path = TRY(socket());
    qmp::Patience how = TRY(patience(command));
    return qmp::QmpClient::connect(path, std::move(how));
}

}  // namespace guestdump::tools
