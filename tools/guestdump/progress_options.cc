// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/progress_options.h"

#include <string_view>

namespace guestdump::tools {

std::vector<GOptionEntry> ProgressOptions::entries(const char* quiet_help) {
    return {
        {"quiet", 0, 0, G_OPTION_ARG_NONE, &quiet_, quiet_help, nullptr},
        {"progress", 0, 0, G_OPTION_ARG_STRING, progress_.address(),
         "how to print progress: auto (the default), or json, lines of JSON on stderr", "HOW"},
    };
}

Result<ProgressStyle> ProgressOptions::style() const {
    const std::string_view how = progress_.get() ? progress_.get() : "auto";
    if (how != "auto" && how != "json")
        return Error::make("--progress expects auto or json, not '%s'", progress_.get());
    if (how == "auto") return quiet_ ? ProgressStyle::quiet : ProgressStyle::people;
    if (quiet_) return Error::make("--quiet and --progress=json exclude each other");
    return ProgressStyle::json;
}

}  // namespace guestdump::tools
