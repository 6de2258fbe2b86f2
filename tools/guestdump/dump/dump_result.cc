// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/dump/dump_result.h"

#include <cstdio>

#include "qapi/marshal.h"
#include "tools/guestdump/report.h"
#include "tools/info_text.h"
#include "util/text.h"

namespace guestdump::tools {

std::string dump_result_text(const DumpResult& result) {
    const std::string size = result.size ? short_size_text(result.size) : "complete";
    std::string line = result.path + ": " + size + util::text(" in %.2f s", result.seconds);
    // A live dump stops its guest for milliseconds.
    const int digits = result.stopped.value_or(1) < 0.1 ? 3 : 2;
    if (result.stopped) line += util::text(", guest stopped for %.*f s", digits, *result.stopped);
    return line;
}

void report(const DumpResult& result, Manner manner) {
    if (manner.json) {
        qapi::DumpOutcome outcome;
        outcome.filename = result.path;
        outcome.filename_bytes = util::hex_unless_utf8(result.path);
        if (result.size != 0) outcome.bytes = result.size;
        outcome.seconds = result.seconds;
        outcome.stopped_seconds = result.stopped;
        print_json(qapi::to_json(outcome));
    } else if (manner.progress == ProgressStyle::people) {
        std::fprintf(stderr, "%s\n", util::printable(dump_result_text(result)).c_str());
    }
}

}  // namespace guestdump::tools
