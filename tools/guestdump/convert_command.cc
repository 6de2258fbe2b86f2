// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

#include "dump/arguments.h"
#include "dump/snapshot.h"
#include "dump/target/targets.h"
#include "dump/writer.h"
#include "tools/guestdump/command_options.h"
#include "tools/guestdump/dump_options.h"
#include "tools/guestdump/guestdump_commands.h"
#include "tools/guestdump/input.h"
#include "tools/guestdump/progress_line.h"
#include "tools/guestdump/reassembly.h"
#include "tools/guestdump/report.h"
#include "tools/guestdump/same_file.h"
#include "tools/guestdump/signal_watch.h"
#include "util/text.h"
#include "vmcore/inspect/kernels.h"
#include "vmcore/inspect/unreadable.h"
#include "vmcore/kdump/kdump_copy.h"
#include "vmcore/vmcore.h"

namespace guestdump::tools {
namespace {

struct Command {
    const char* name;
    Usage usage;
    /// Errors: the command does not accept the file at the path.
    Result<> (*accept)(const vmcore::Vmcore& vmcore, const std::string& path);
};

Result<std::unique_ptr<dump::Sink>> open_target(const std::string& path) {
    if (path != "-") return dump::open_file_sink(path);
    util::UniqueFd out(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!out) return Error::from_errno(errno, "opening stdout");
    return dump::make_fd_sink(std::move(out), "stdout");
}

Result<> write(dump::VmcoreWriter& writer, const dump::Snapshot& snapshot, dump::Sink& sink,
               dump::Progress& progress, CommandProgress& shown) {
    shown.enter(qapi::ProgressPhase::memory, snapshot.total_bytes());
    const ProgressLine line(progress, snapshot.total_bytes(), shown);
    TRY(writer.begin(sink, progress));
    TRY(writer.iterate(*snapshot.memory, sink, progress));
    TRY(writer.completed(sink));
    shown.enter(qapi::ProgressPhase::commit);
    return sink.commit();
}

/// The exit status after @written, which @signal may have cancelled.
Result<int> status_of(const Command& command, const Result<>& written, std::optional<int> signal) {
    if (written) {
        // The file has its name and stays, so the exit status must report success.
        Signals::ignore();
        return 0;
    }
    if (!signal) return written.error();
    std::fprintf(stderr, "guestdump %s: cancelled\n", command.name);
    return status_of_signal(*signal);
}

/// Options besides those of the dump request.
struct Manner {
    bool partial = false;              ///< accept a file that was cut off or is damaged
    std::optional<uint64_t> kernel{};  ///< number of the kernel whose VMCOREINFO the output has
};

void warn(const std::string& text) {
    std::fprintf(stderr, "warning: %s\n", util::printable(text).c_str());
}

/// Reads all memory, and warns of what cannot be read. @then says what becomes of it.
Result<vmcore::RangeList> warn_of_damage(const vmcore::Vmcore& vmcore, const dump::Request& request,
                                         const char* then) {
    vmcore::Unreadable bad =
        TRY(vmcore::find_unreadable(vmcore, dump::thread_count(request.threads)));
    for (const std::string& text : bad.texts) warn(text);
    if (bad.pages != 0) warn(counted(bad.pages, "page") + " cannot be read: " + then);
    return std::move(bad.ranges);
}

/// A writer, and whether it copies pages as they are stored.
struct Plan {
    std::unique_ptr<dump::VmcoreWriter> writer;
    bool copies = false;
};

/// Copies pages that are already stored as @request asks; otherwise pages are read and written
/// anew. A copy would also contain pages that were lost.
Result<Plan> make_plan(const vmcore::Vmcore& vmcore, const dump::Snapshot& snapshot,
                       const dump::Request& request, bool may_copy) {
    if (may_copy) {
        auto copy = TRY(vmcore::make_kdump_copy(vmcore, snapshot, request));
        if (copy) {
            TRY(warn_of_damage(vmcore, request, "damaged in the output too"));
            return Plan{.writer = std::move(copy), .copies = true};
        }
    }
    auto writer = TRY(dump::make_writer(snapshot, request));
    return Plan{.writer = std::move(writer)};
}

/// What a conversion reads.
struct Input {
    std::unique_ptr<vmcore::Vmcore> vmcore;
    std::optional<dump::NewFile> reassembled{};  ///< see Reassembly
};

Result<Input> open(const InputPaths& from, const std::string& to, const dump::Request& request,
                   const InputOptions& options) {
    std::optional<vmcore::InputStream> stream;
    if (from.size() == 1) stream = TRY(open_stream(from.front()));
    if (!stream) {
        auto vmcore = TRY(open_input(from, options));
        return Input{.vmcore = std::move(vmcore)};
    }
    auto whole = TRY(reassemble(*stream, to, request, options));
    if (whole)
        return Input{.vmcore = std::move(whole->vmcore), .reassembled = std::move(whole->file)};
    auto vmcore = TRY(open_input(*std::move(stream), options));
    return Input{.vmcore = std::move(vmcore)};
}

/// Gives the reassembled @file its name.
Result<int> commit(const Command& command, dump::NewFile& file, Signals signals,
                   CommandProgress& shown) {
    std::atomic<bool> unwanted = false;
    const auto watch =
        TRY(SignalWatch::start(std::move(signals), [&unwanted] { unwanted = true; }));
    shown.enter(qapi::ProgressPhase::commit);
    const Result<> named = file.commit(unwanted);
    return status_of(command, named, watch->taken());
}

/// Returns the exit status.
Result<int> convert(const Command& command, const InputPaths& from, const std::string& to,
                    const dump::Request& request, Manner manner, CommandProgress& shown) {
    TRY(refuse_input_as_output(from, to));
    const InputOptions options = {
        .command = command.name, .progress = &shown, .open = {.partial = manner.partial}};
    Input input = TRY(open(from, to, request, options));
    vmcore::Vmcore& vmcore = *input.vmcore;
    TRY(command.accept(vmcore, from.front()));
    vmcore::RangeList lost;
    if (manner.partial) lost = TRY(warn_of_damage(vmcore, request, "left out"));
    vmcore.lose(lost);
    if (manner.kernel) {
        TRY(vmcore::choose_kernel(vmcore, *manner.kernel, dump::thread_count(request.threads)));
    }
    const dump::Snapshot snapshot = TRY(dump::Snapshot::take(vmcore, request));
    for (const auto* list : {&vmcore.contents().warnings, &snapshot.warnings}) {
        for (const std::string& warning : *list) warn(warning);
    }
    const Plan plan = TRY(make_plan(vmcore, snapshot, request, lost.empty()));
    // Before this line a signal may end the program, because there is no file to clean up yet.
    Signals signals = TRY(Signals::hold());
    const bool is_whole = plan.copies && !manner.kernel && snapshot.warnings.empty();
    if (input.reassembled && is_whole && is_as_requested(vmcore, request))
        return commit(command, *input.reassembled, std::move(signals), shown);
    const auto sink = TRY(open_target(to));
    TRY(dump::check_target(request, *sink));
    dump::Progress progress;
    const auto watch = TRY(SignalWatch::start(std::move(signals), progress, *sink));
    const Result<> written = write(*plan.writer, snapshot, *sink, progress, shown);
    return status_of(command, written, watch->taken());
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
    ProgressOptions progress;
    gboolean partial = FALSE;
    std::vector<GOptionEntry> entries = options.entries();
    for (const GOptionEntry& entry : progress.entries("print only errors and warnings"))
        entries.push_back(entry);
    entries.push_back({"partial", 0, 0, G_OPTION_ARG_NONE, &partial,
                       "take what there is of a file that was cut off or is damaged", nullptr});
    OptionText kernel;
    entries.push_back({"kernel", 0, 0, G_OPTION_ARG_STRING, kernel.address(),
                       "write the VMCOREINFO of kernel N of those that info lists", "N"});
    entries.push_back({});
    auto operands =
        TRY(parse_command_line(argc, argv, command.usage, 2, kManyOperands, entries.data()));
    const std::string to = operands.back();
    operands.pop_back();
    const std::vector<InputPaths> from = group_operands(operands);
    if (from.size() != 1) {
        return Error::make("%s where 1 is expected, or the files of one split set",
                           counted(from.size(), "vmcore").c_str());
    }
    TRY(options.check_output(to));
    const auto arguments = TRY(options.arguments());
    // Checked by the same code, and with the same messages, as the monitor's command.
    dump::Request request = TRY(dump::parse_request(arguments));
    request.replace_vmcoreinfo = options.replaces_vmcoreinfo();
    const auto number = TRY(parse_number("kernel", kernel));
    const ProgressStyle style = TRY(progress.style());
    CommandProgress shown(command.name, style, ProgressDisplay::Where::anywhere);
    return shown.end(convert(command, from.front(), to, request,
                             {.partial = partial != FALSE, .kernel = number}, shown));
}

}  // namespace

Result<int> convert_command(int argc, char** argv) {
    return run({"convert",
                {"IN... OUT",
                 "Writes the guest in the vmcore IN to OUT, in any format. OUT may be -, stdout. "
                 "Several IN are the files of one split set."},
                accept_any},
               argc, argv);
}

Result<int> extract_command(int argc, char** argv) {
    return run({"extract",
                {"CORE OUT",
                 "Writes a vmcore of the guest in CORE, a core of a guestdump-vm that died, to "
                 "OUT.\nOUT may be -, stdout."},
                accept_process_core},
               argc, argv);
}

}  // namespace guestdump::tools
