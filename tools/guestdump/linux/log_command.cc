// SPDX-License-Identifier: GPL-2.0-or-later
#include "qapi/marshal.h"
#include "tools/guestdump/command_options.h"
#include "tools/guestdump/guestdump_commands.h"
#include "tools/guestdump/linux/guest_source.h"
#include "view/log_view.h"

namespace guestdump::tools {
namespace {

constexpr double kNanoseconds = 1e9;  ///< in a second

Result<view::LogFilter> parse_filter(const OptionText& level, double since) {
    view::LogFilter filter;
    if (level.get()) {
        const auto number = view::parse_level(level.get());
        if (!number) {
            return Error::make(
                "--level expects emerg, alert, crit, err, warn, notice, info, debug or a number "
                "from 0 to 7, not '%s'",
                level.get());
        }
        filter.most_level = *number;
    }
    if (since < 0 || since > 1e9) return Error::make("--since expects seconds, not %g", since);
    if (since > 0) filter.since = static_cast<uint64_t>(since * kNanoseconds);
    return filter;
}

}  // namespace

Result<int> log_command(int argc, char** argv) {
    gboolean caller = FALSE, show_level = FALSE;
    OptionText level;
    double since = 0;
    GuestOptions guest("log", "print one line of JSON (GuestLog)");
    std::vector<GOptionEntry> entries = guest.entries();
    const std::vector<GOptionEntry> own = {
        {"level", 0, 0, G_OPTION_ARG_STRING, level.address(),
         "only messages of this level and more important ones: emerg to debug, or 0 to 7", "LEVEL"},
        {"since", 0, 0, G_OPTION_ARG_DOUBLE, &since, "only messages from this time on", "SECONDS"},
        {"caller", 0, 0, G_OPTION_ARG_NONE, &caller, "print which task or CPU wrote a message",
         nullptr},
        {"show-level", 0, 0, G_OPTION_ARG_NONE, &show_level, "print the level of each message",
         nullptr},
        {},
    };
    entries.insert(entries.end(), own.begin(), own.end());
    const Usage usage("[FILE]",
                      "Prints the kernel log of a Linux guest: of a vmcore, or of a running QEMU.");
    const auto files = TRY(parse_command_line(argc, argv, usage, 0, 1, entries.data()));
    const view::LogFilter filter = TRY(parse_filter(level, since));
    const util::Cancellation cancellation;
    const OpenGuest opened = TRY(guest.open(files, cancellation));
    const qapi::GuestLog log = TRY(view::log_view(opened.look->kernel(), filter));
    return guest.answer(
        *opened.source, qapi::to_json(log),
        view::log_text(log, {.caller = caller != FALSE, .level = show_level != FALSE}),
        log.incomplete);
}

}  // namespace guestdump::tools
