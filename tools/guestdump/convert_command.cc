// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "dump/snapshot.h"
#include "dump/target/targets.h"
#include "dump/writer.h"
#include "tools/guestdump/command_options.h"
#include "tools/guestdump/dump_options.h"
#include "tools/guestdump/guestdump_commands.h"
#include "tools/guestdump/progress_line.h"
#include "tools/guestdump/same_file.h"
#include "tools/guestdump/signal_watch.h"
#include "util/text.h"
#include "vmcore/kdump/kdump_copy.h"
#include "vmcore/vmcore.h"

namespace guestdump::tools {
namespace {

struct Command {
    const char* name;
    const char* operands;
    /// Errors: the file at the path is not what the command is for.
    Result<> (*accept)(const vmcore::Vmcore& vmcore, const std::string& path);
};

Result<std::unique_ptr<dump::Sink>> open_target(const std::string& path) {
    if (path != "-") return dump::open_file_sink(path);
    util::UniqueFd out(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!out) return Error::from_errno(errno, "opening stdout");
    return dump::make_fd_sink(std::move(out), "stdout");
}

Result<> write(dump::VmcoreWriter& writer, const guest::PageSource& pages, dump::Sink& sink,
               dump::Progress& progress) {
    TRY(writer.begin(sink, progress));
    TRY(writer.iterate(pages, sink, progress));
    TRY(writer.completed(sink));
    return sink.commit();
}

/// Pages that are stored as @request wants them are taken over, others are read and written anew.
Result<std::unique_ptr<dump::VmcoreWriter>> make_writer(const vmcore::Vmcore& vmcore,
                                                        const dump::Snapshot& snapshot,
                                                        const dump::Request& request) {
    auto copy = TRY(vmcore::make_kdump_copy(vmcore, snapshot, request));
    if (copy) return copy;
    return dump::make_writer(snapshot, request);
}

/// What is asked for besides the dump.
struct Manner {
    bool quiet = false;    ///< no progress
    bool partial = false;  ///< take what there is of a file that was cut off
};

/// The exit status.
Result<int> convert(const Command& command, const std::string& from, const std::string& to,
                    const dump::Request& request, Manner manner) {
    TRY(refuse_input_as_output(std::span(&from, 1), to));
    const auto vmcore = TRY(vmcore::Vmcore::open(from, {.partial = manner.partial}));
    TRY(command.accept(*vmcore, from));
    const dump::Snapshot snapshot = TRY(dump::Snapshot::take(*vmcore, request));
    for (const auto* list : {&vmcore->contents().warnings, &snapshot.warnings}) {
        for (const std::string& warning : *list)
            std::fprintf(stderr, "warning: %s\n", util::printable(warning).c_str());
    }
    const auto writer = TRY(make_writer(*vmcore, snapshot, request));
    // Until here a signal may end the program: there is nothing yet that it would leave.
    Signals signals = TRY(Signals::hold());
    const auto sink = TRY(open_target(to));
    TRY(dump::check_target(request, *sink));
    dump::Progress progress;
    const auto watch = TRY(SignalWatch::start(std::move(signals), progress, *sink));
    const Result<> written = [&] {
        const ProgressLine line(progress, snapshot.blocks.total_bytes(), manner.quiet);
        return write(*writer, *snapshot.memory, *sink, progress);
    }();
    if (written) {
        // What has its name is there to stay, and the exit status is to say so.
        Signals::ignore();
        return 0;
    }
    const std::optional<int> signal = watch->taken();
    if (!signal) return written.error();
    std::fprintf(stderr, "guestdump %s: cancelled\n", command.name);
    return status_of_signal(*signal);
}

Result<> accept_any(const vmcore::Vmcore&, const std::string&) {
    return {};
}

Result<> accept_process_core(const vmcore::Vmcore& vmcore, const std::string& path) {
    if (vmcore.contents().post_mortem) return {};
    return Error::make("'%s' is a vmcore already: guestdump convert writes it in another format",
                       path.c_str());
}

Result<int> run(const Command& command, int argc, char** argv) {
    DumpOptions options;
    gboolean quiet = FALSE, partial = FALSE;
    std::vector<GOptionEntry> entries = options.entries();
    entries.push_back({"quiet", 0, 0, G_OPTION_ARG_NONE, &quiet, "print no progress", nullptr});
    entries.push_back({"partial", 0, 0, G_OPTION_ARG_NONE, &partial,
                       "take what there is of a file that was cut off", nullptr});
    entries.push_back({});
    const auto operands = TRY(parse_command_line(argc, argv, command.operands, 2, entries.data()));
    const auto arguments = TRY(options.arguments());
    // Checked by the code, and with the words, that a client of the monitor gets.
    const dump::Request request = TRY(dump::parse_request(arguments));
    return convert(command, operands[0], operands[1], request,
                   {.quiet = quiet != FALSE, .partial = partial != FALSE});
}

}  // namespace

Result<int> convert_command(int argc, char** argv) {
    return run({"convert", "IN OUT", accept_any}, argc, argv);
}

Result<int> extract_command(int argc, char** argv) {
    return run({"extract", "CORE OUT", accept_process_core}, argc, argv);
}

}  // namespace guestdump::tools
