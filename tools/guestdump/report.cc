// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/report.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "util/text.h"

namespace guestdump::tools {

int report_error(const char* command, const Error& error) {
    std::fflush(stdout);  // in the order of events if both are one terminal or file
    std::fprintf(stderr, "guestdump %s: %s\n", command, util::printable(error.message()).c_str());
    return kTrouble;
}

int for_each_vmcore(const char* command, std::span<const std::string> files,
                    const std::function<Result<int>(const InputPaths& paths)>& work) {
    int highest = 0;
    for (const InputPaths& paths : group_operands(files)) {
        const Result<int> status = work(paths);
        highest = std::max(highest, status ? *status : report_error(command, status.error()));
    }
    return highest;
}

void print_json(const qapi::Json& json) {
    std::printf("%s\n", qapi::to_text(json.get()).c_str());
}

std::string counted(uint64_t count, const char* singular) {
    return util::text("%" PRIu64 " %s%s", count, singular, count == 1 ? "" : "s");
}

}  // namespace guestdump::tools
