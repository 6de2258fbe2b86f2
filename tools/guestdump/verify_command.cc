// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/verify.h"

#include <cinttypes>
#include <cstdio>

#include "dump/request.h"
#include "tools/guestdump/command_options.h"
#include "tools/guestdump/guestdump_commands.h"
#include "tools/info_text.h"
#include "util/text.h"

namespace guestdump::tools {

Result<int> verify_command(int argc, char** argv) {
    int threads = 0;
    const GOptionEntry entries[] = {
        {"threads", 0, 0, G_OPTION_ARG_INT, &threads,
         "number of threads (default: one per processor)", "N"},
        {},
    };
    const auto operands = TRY(parse_command_line(argc, argv, "FILE", 1, entries));
    const unsigned count = TRY(parse_threads(threads));
    const auto vmcore = TRY(vmcore::Vmcore::open(operands[0], {.partial = true}));
    const vmcore::Verification result = vmcore::verify(*vmcore, count);
    for (const std::string& problem : result.problems)
        std::printf("%s\n", util::printable(problem).c_str());
    std::printf("%s: %s read, %" PRIu64 " bad pages, %s\n", operands[0].c_str(),
                size_text(result.bytes).c_str(), result.bad_pages,
                result.good() ? "good" : "damaged");
    return result.good() ? 0 : 1;
}

}  // namespace guestdump::tools
