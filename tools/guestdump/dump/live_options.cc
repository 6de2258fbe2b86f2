// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/dump/live_options.h"

#include <string_view>

namespace guestdump::tools {

std::vector<GOptionEntry> LiveOptions::entries() {
    return {
        {"live", 0, 0, G_OPTION_ARG_NONE, &live_,
         "let the guest run while its memory is written; --live=force: even by QEMU before 9.0",
         nullptr},
        {"live-fallback", 0, 0, G_OPTION_ARG_NONE, &fallback_,
         "as --live, but stop the guest if the machine cannot do that", nullptr},
        {"live-memory", 0, 0, G_OPTION_ARG_STRING, memory_.address(),
         "memory for copies of pages that the guest changes (guestdump-vm)", "BYTES"},
    };
}

Result<> LiveOptions::take_value(int argc, char** argv) {
    constexpr std::string_view kOption = "--live=";
    for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i) {
        const std::string_view word = argv[i];
        if (!word.starts_with(kOption)) continue;
        if (word.substr(kOption.size()) != "force") {
            return Error::make("--live takes no value but 'force', not '%s'",
                               argv[i] + kOption.size());
        }
        forced_ = true;
        argv[i][kOption.size() - 1] = '\0';
    }
    return {};
}

Result<> LiveOptions::add_to(qapi::DumpGuestMemoryArguments& arguments) const {
    if (live_ || fallback_) arguments.live = true;
    if (fallback_) arguments.live_fallback = true;
    arguments.live_memory = TRY(parse_bytes("live-memory", memory_));
    return {};
}

}  // namespace guestdump::tools
