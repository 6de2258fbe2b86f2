// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/verify.h"

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

struct VerifyOptions {
    unsigned threads = 1;
    bool json = false;
};

void print(const std::string& path, const vmcore::Verification& result) {
    for (const std::string& problem : result.problems)
        std::printf("%s\n", util::printable(problem).c_str());
    std::printf("%s: %s read, %s, %s\n", util::printable(path).c_str(),
                size_text(result.bytes).c_str(), counted(result.bad_pages, "bad page").c_str(),
                result.good() ? "good" : "damaged");
}

qapi::VmcoreVerification described(const std::string& path, const vmcore::RangeList& missing,
                                   const vmcore::Verification& result) {
    qapi::VmcoreVerification json;
    json.filename = path;
    json.filename_bytes = util::hex_unless_utf8(path);
    json.good = result.good();
    json.bytes = result.bytes;
    json.bad_pages = result.bad_pages;
    if (!missing.empty()) {
        json.missing = guest::total_bytes(missing);
        json.missing_from = missing.front().start.value;
    }
    json.problems = result.problems;
    return json;
}

Result<int> verify(const InputPaths& paths, const VerifyOptions& options, CommandProgress& shown) {
    shown.set_file(paths.front());
    const auto vmcore = TRY(
        open_input(paths, {.command = "verify", .progress = &shown, .open = {.partial = true}}));
    dump::Progress progress;
    const uint64_t total = vmcore->contents().blocks.total_bytes();
    shown.enter(qapi::ProgressPhase::memory, total);
    const vmcore::Verification result = [&] {
        const ProgressLine line(progress, total, shown);
        return vmcore::verify(*vmcore, options.threads, &progress);
    }();
    if (options.json) {
        print_json(qapi::to_json(described(paths.front(), vmcore->contents().missing, result)));
    } else {
        print(paths.front(), result);
    }
    return result.good() ? 0 : 1;
}

}  // namespace

Result<int> verify_command(int argc, char** argv) {
    int threads = 0;
    gboolean json = FALSE;
    ProgressOptions progress;
    std::vector<GOptionEntry> entries = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "print one line of JSON per file", nullptr},
        {"threads", 0, 0, G_OPTION_ARG_INT, &threads,
         "number of threads (default: one per processor)", "N"},
    };
    for (const GOptionEntry& entry : progress.entries("show no progress")) entries.push_back(entry);
    entries.push_back({});
    const Usage usage("FILE...",
                      "Reads all of each vmcore and prints what is damaged. The exit status is 1 "
                      "if anything is.");
    const auto files = TRY(parse_command_line(argc, argv, usage, 1, kManyOperands, entries.data()));
    const unsigned count = TRY(parse_threads(threads));
    const VerifyOptions options{.threads = count, .json = json != FALSE};
    const ProgressStyle style = TRY(progress.style());
    CommandProgress shown("verify", style, ProgressDisplay::Where::terminal);
    return shown.end(for_each_vmcore(
        argv[0], files, [&](const InputPaths& paths) { return verify(paths, options, shown); }));
}

}  // namespace guestdump::tools
