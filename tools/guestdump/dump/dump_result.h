// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/guestdump/progress_options.h"

namespace guestdump::tools {

/// The result of a dump that succeeded.
struct DumpResult {
    std::string path;                    ///< path as the user gave it
    uint64_t size = 0;                   ///< size of the file, bytes; 0 if it is not a file
    double seconds = 0;                  ///< seconds from the request to the end
    std::optional<double> stopped = {};  ///< seconds for which the guest was stopped
};

/// Selects what "guestdump dump" prints in addition to errors.
struct Manner {
    ProgressStyle progress = ProgressStyle::people;  ///< only people get a report as text
    bool json = false;                               ///< a report for programs, on stdout
};

/// Prints @result according to @manner.
void report(const DumpResult& result, Manner manner);

/// The result as text: "vmcore: 48.1 MiB in 0.31 s, guest stopped for 0.21 s".
std::string dump_result_text(const DumpResult& result);

}  // namespace guestdump::tools
