// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/compare.h"

#include <cstdio>

#include "qapi/marshal.h"
#include "tools/guestdump/command_options.h"
#include "tools/guestdump/guestdump_commands.h"
#include "tools/guestdump/input.h"
#include "tools/guestdump/progress_line.h"
#include "tools/guestdump/report.h"
#include "tools/info_text.h"
#include "util/text.h"

namespace guestdump::tools {
namespace {

using vmcore::Vmcore;

void print(const vmcore::Comparison& result) {
    for (const std::string& difference : result.differences)
        std::printf("%s\n", util::printable(difference).c_str());
    std::printf("%s compared, %s %s, %s\n", size_text(result.bytes).c_str(),
                counted(result.different_pages, "page").c_str(),
                result.different_pages == 1 ? "differs" : "differ",
                result.equal() ? "equal" : "different");
}

qapi::VmcoreComparison described(const std::string& first, const std::string& second,
                                 const vmcore::Comparison& result) {
    qapi::VmcoreComparison json;
    json.first = first;
    json.first_bytes = util::hex_unless_utf8(first);
    json.second = second;
    json.second_bytes = util::hex_unless_utf8(second);
    json.equal = result.equal();
    json.bytes = result.bytes;
    json.different_pages = result.different_pages;
    json.differences = result.differences;
    return json;
}

Result<vmcore::Comparison> compare(const Vmcore& first, const Vmcore& second, unsigned threads,
                                   CommandProgress& shown) {
    const auto ranges = [](const Vmcore& file) { return guest::ranges_of(file.contents().blocks); };
    const uint64_t both = guest::total_bytes(guest::common_ranges(ranges(first), ranges(second)));
    dump::Progress progress;
    shown.enter(qapi::ProgressPhase::memory, both);
    const ProgressLine line(progress, both, shown);
    return vmcore::compare(first, second, threads, &progress);
}

struct CompareOptions {
    unsigned threads = 1;
    bool json = false;
};

/// Prints problems of a file that do not affect its memory, such as a file that was cut off after
/// its last page.
void warn_of(const Vmcore& vmcore, const char* which) {
    for (const std::string& warning : vmcore.contents().warnings)
        std::fprintf(stderr, "warning: the %s: %s\n", which, util::printable(warning).c_str());
}

Result<int> compare_files(const std::vector<InputPaths>& both, const CompareOptions& options,
                          CommandProgress& shown) {
    const InputOptions input{.command = "compare", .progress = &shown, .open = {.partial = true}};
    const auto first = TRY(open_input(both[0], input));
    const auto second = TRY(open_input(both[1], input));
    warn_of(*first, "first");
    warn_of(*second, "second");
    const vmcore::Comparison result = TRY(compare(*first, *second, options.threads, shown));
    if (options.json) {
        print_json(qapi::to_json(described(both[0].front(), both[1].front(), result)));
    } else {
        print(result);
    }
    return result.equal() ? 0 : 1;
}

}  // namespace

Result<int> compare_command(int argc, char** argv) {
    int threads = 0;
    gboolean json = FALSE;
    ProgressOptions progress;
    std::vector<GOptionEntry> entries = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "print one line of JSON", nullptr},
        {"threads", 0, 0, G_OPTION_ARG_INT, &threads,
         "number of threads (default: one per processor)", "N"},
    };
    for (const GOptionEntry& entry : progress.entries("show no progress")) entries.push_back(entry);
    entries.push_back({});
    const Usage usage("FILE FILE",
                      "Prints the differences between two vmcores, whose formats may differ. The "
                      "exit status is 1 if there are any.");
    const auto operands =
        TRY(parse_command_line(argc, argv, usage, 2, kManyOperands, entries.data()));
    const unsigned count = TRY(parse_threads(threads));
    const std::vector<InputPaths> both = group_operands(operands);
    if (both.size() != 2)
        return Error::make("%s where 2 are expected: FILE FILE",
                           counted(both.size(), "vmcore").c_str());
    const ProgressStyle style = TRY(progress.style());
    CommandProgress shown("compare", style, ProgressDisplay::Where::terminal);
    return shown.end(compare_files(both, {.threads = count, .json = json != FALSE}, shown));
}

}  // namespace guestdump::tools
