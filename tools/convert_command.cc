// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "dump/snapshot.h"
#include "dump/targets.h"
#include "dump/writer.h"
#include "tools/command_options.h"
#include "tools/guestdump_commands.h"
#include "tools/progress_line.h"
#include "vmcore/vmcore.h"

namespace tools {
namespace {

struct Options {
    OptionText format, begin, length;
    gboolean paging = FALSE, quiet = FALSE;
    int threads = 0;
};

/// Checked by the code, and with the words, that a client of the monitor gets.
Result<dump::Request> request_of(const Options& options) {
    qapi::DumpGuestMemoryArguments arguments;
    arguments.paging = options.paging != FALSE;
    arguments.begin = TRY(parse_number("begin", options.begin));
    arguments.length = TRY(parse_number("length", options.length));
    arguments.threads = TRY(parse_threads(options.threads));
    if (options.format.get()) {
        arguments.format = qapi::parse_dump_guest_memory_format(options.format.get());
        if (!arguments.format) return Error::make("there is no format '%s'", options.format.get());
    }
    return dump::parse_request(arguments);
}

Result<std::unique_ptr<dump::Sink>> open_target(const std::string& path) {
    if (path != "-") return dump::open_file_sink(path);
    util::UniqueFd out(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!out) return Error::from_errno(errno, "opening stdout");
    return dump::make_fd_sink(std::move(out), "stdout");
}

Result<> write(dump::VmcoreWriter& writer, const dump::PageSource& pages, dump::Sink& sink,
               dump::Progress& progress) {
    TRY(writer.begin(sink));
    TRY(writer.iterate(pages, sink, progress));
    TRY(writer.completed(sink));
    return sink.commit();
}

Result<> convert(const std::string& from, const std::string& to, const dump::Request& request,
                 bool quiet) {
    const auto vmcore = TRY(vmcore::Vmcore::open(from));
    const dump::Snapshot snapshot = TRY(dump::Snapshot::take(*vmcore, request));
    for (const auto* list : {&vmcore->contents().warnings, &snapshot.warnings}) {
        for (const std::string& warning : *list)
            std::fprintf(stderr, "warning: %s\n", warning.c_str());
    }
    const auto writer = TRY(dump::make_writer(snapshot, request));
    const auto sink = TRY(open_target(to));
    const auto* kdump = std::get_if<dump::KdumpRequest>(&request);
    if (kdump && !kdump->flattened && !sink->random_access()) {
        return Error::make("kdump-raw formats require a seekable file");
    }
    const dump::RamSource pages(snapshot.blocks);
    dump::Progress progress;
    const ProgressLine line(progress, snapshot.blocks.total_bytes(), quiet);
    return write(*writer, pages, *sink, progress);
}

}  // namespace

Result<int> convert_command(int argc, char** argv) {
    Options options;
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, options.format.address(),
         "elf (the default), kdump-zlib, kdump-lzo, kdump-snappy, kdump-zstd, kdump-raw-...", "F"},
        {"paging", 0, 0, G_OPTION_ARG_NONE, &options.paging, "program headers by virtual address",
         nullptr},
        {"begin", 0, 0, G_OPTION_ARG_STRING, options.begin.address(),
         "first guest-physical address", "A"},
        {"length", 0, 0, G_OPTION_ARG_STRING, options.length.address(), "how much from there",
         "BYTES"},
        {"threads", 0, 0, G_OPTION_ARG_INT, &options.threads,
         "how many work at once (all processors)", "N"},
        {"quiet", 0, 0, G_OPTION_ARG_NONE, &options.quiet, "no progress on a terminal", nullptr},
        {},
    };
    const auto operands = TRY(parse_command_line(argc, argv, "IN OUT", 2, entries));
    const dump::Request request = TRY(request_of(options));
    TRY(convert(operands[0], operands[1], request, options.quiet != FALSE));
    return 0;
}

}  // namespace tools
