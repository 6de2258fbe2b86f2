// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/compare.h"

#include <cinttypes>
#include <cstdio>

#include "tools/guestdump/command_options.h"
#include "tools/guestdump/guestdump_commands.h"
#include "tools/info_text.h"
#include "util/text.h"

namespace guestdump::tools {

Result<int> compare_command(int argc, char** argv) {
    int threads = 0;
    const GOptionEntry entries[] = {
        {"threads", 0, 0, G_OPTION_ARG_INT, &threads,
         "number of threads (default: one per processor)", "N"},
        {},
    };
    const auto operands = TRY(parse_command_line(argc, argv, "FILE FILE", 2, entries));
    const unsigned count = TRY(parse_threads(threads));
    const auto first = TRY(vmcore::Vmcore::open(operands[0]));
    const auto second = TRY(vmcore::Vmcore::open(operands[1]));
    const vmcore::Comparison result = TRY(vmcore::compare(*first, *second, count));
    for (const std::string& difference : result.differences)
        std::printf("%s\n", util::printable(difference).c_str());
    std::printf("%s compared, %" PRIu64 " pages differ, %s\n", size_text(result.bytes).c_str(),
                result.different_pages, result.equal() ? "equal" : "different");
    return result.equal() ? 0 : 1;
}

}  // namespace guestdump::tools
