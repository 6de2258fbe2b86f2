// SPDX-License-Identifier: GPL-2.0-or-later
#include <cinttypes>
#include <cstdio>
#include <optional>
#include <utility>

#include "dump/arguments.h"
#include "dump/estimate/estimate_report.h"
#include "dump/estimate/size_estimate.h"
#include "qapi/marshal.h"
#include "tools/guestdump/command_options.h"
#include "tools/guestdump/dump/attached_dump.h"
#include "tools/guestdump/dump/live_options.h"
#include "tools/guestdump/dump/live_qemu_dump.h"
#include "tools/guestdump/dump/machine_dump.h"
#include "tools/guestdump/dump/remote_dump.h"
#include "tools/guestdump/dump_options.h"
#include "tools/guestdump/guestdump_commands.h"
#include "tools/guestdump/report.h"
#include "tools/guestdump/source.h"
#include "tools/info_text.h"
#include "util/text.h"

namespace guestdump::tools {
namespace {

using qapi::DumpGuestMemoryArguments;

/// True if the machine has all of our formats and options itself, as guestdump-vm does.
Result<bool> dumps_itself(attach::Emulator& machine) {
    return machine.client() ? dumps_like_us(*machine.client()) : false;
}

/// The machine's process, whose memory this process will read. Empty if the machine will write the
/// dump itself.
Result<std::optional<attach::Process>> readable_process(attach::Emulator& machine, bool itself,
                                                        bool by_machine) {
    if (itself || by_machine) return std::optional<attach::Process>();
    attach::Prospect prospect = TRY(attach::examine(machine));
    if (prospect.process) return std::move(prospect.process);
    if (!machine.client()) return *std::move(prospect.why_not);
    std::fprintf(stderr, "%s; QEMU writes the dump itself\n",
                 util::printable(prospect.why_not->message()).c_str());
    return std::optional<attach::Process>();
}

/// What to do, beyond what the machine's command takes.
struct Choices {
    bool by_machine = false;   ///< QEMU writes the dump
    bool forced_live = false;  ///< --live=force
    Manner manner{};
};

/// A live dump of QEMU if @arguments want one. Empty: the guest is to be stopped for its dump, and
/// @arguments say so then.
Result<std::optional<int>> dump_live(attach::Emulator& machine, DumpGuestMemoryArguments& arguments,
                                     const std::string& path,
                                     const std::optional<DumpTarget>& target,
                                     const Choices& choices, CommandProgress& shown) {
    if (!arguments.live) return std::optional<int>();
    if (choices.by_machine)
        return Error::make("--by-machine stops the guest: --live is not for it");
    if (arguments.live_memory)
        return Error::make("--live-memory is for guestdump-vm: QEMU makes no copies");
    const LiveWish wish{.forced = choices.forced_live,
                        .fallback = arguments.live_fallback.value_or(false)};
    arguments.live.reset();
    arguments.live_fallback.reset();
    return dump_qemu_live(machine, arguments, wish, path, target, choices.manner, shown);
}

Result<int> dump(const SourceOptions& from, DumpGuestMemoryArguments arguments,
                 const std::string& path, const Choices& choices, CommandProgress& shown) {
    // The target is opened before connecting, because opening a FIFO waits for its reader, and the
    // machine's monitor serves only one client.
    std::optional<DumpTarget> target = TRY(DumpTarget::open(path));
    const auto machine = TRY(from.machine("dump"));
    if (choices.by_machine && !machine->client())
        return Error::make("--by-machine is for --qmp; virsh dump --memory-only does that");
    const bool itself = TRY(dumps_itself(*machine));
    if (!itself) {
        const auto status = TRY(dump_live(*machine, arguments, path, target, choices, shown));
        if (status) return *status;
    }
    auto process = TRY(readable_process(*machine, itself, choices.by_machine));
    if (!process) {
        return dump_by_machine(*machine->client(), arguments, path, std::move(target),
                               choices.manner, shown);
    }
    // The same checks and messages as for a client of guestdump-vm's monitor.
    const dump::Request request = TRY(dump::parse_request(arguments));
    return dump_attached(*machine, *std::move(process), request, path, std::move(target),
                         choices.manner, shown);
}

void print_estimate(const qapi::DumpEstimate& size) {
    std::printf("expected:       %s\n", size_text(size.bytes).c_str());
    std::printf("at least:       %s\n", size_text(size.lowest).c_str());
    std::printf("at most:        %s\n", size_text(size.highest).c_str());
    std::printf("without holes:  %s\n", size_text(size.without_holes).c_str());
    for (const qapi::DumpPageCount& count : size.pages.value_or(std::vector<qapi::DumpPageCount>()))
        std::printf("%-15s %" PRIu64 " pages\n", (count.class_ + ":").c_str(), count.pages);
}

Result<qapi::DumpEstimate> estimate_of_machine(qmp::QmpClient& machine,
                                               const DumpGuestMemoryArguments& dump) {
    qapi::QueryDumpEstimateArguments arguments;
    arguments.format = dump.format;
    arguments.begin = dump.begin;
    arguments.length = dump.length;
    arguments.exclude = dump.exclude;
    const qapi::Json reply = TRY(machine.execute("query-dump-estimate", qapi::to_json(arguments)));
    qapi::DumpEstimate size;
    TRY(qapi::from_json(reply.get(), "", size));
    return size;
}

/// Estimates the size of a dump. Holds the guest while some of its pages are read.
Result<qapi::DumpEstimate> estimate_attached(std::unique_ptr<attach::Emulator> emulator,
                                             const DumpGuestMemoryArguments& arguments) {
    const dump::Request request = TRY(dump::parse_request(arguments));
    const auto source = TRY(Source::of_machine(std::move(emulator)));
    const dump::Capture capture = TRY(dump::Capture::of(source->vmcore()));
    const auto size = TRY(dump::estimate_size(capture, request, util::Cancellation()));
    TRY(source->release());
    return dump::to_report(size);
}

/// Prints the expected size of a dump.
Result<int> estimate(const SourceOptions& from, const DumpGuestMemoryArguments& dump, bool json) {
    if (dump.paging || dump.level || dump.share_pages || dump.find_vmcoreinfo || dump.live) {
        return Error::make("--estimate takes --format, --begin, --length, --exclude and -d only");
    }
    auto machine = TRY(from.machine("dump"));
    const bool itself = TRY(dumps_itself(*machine));
    const qapi::DumpEstimate size = TRY(itself ? estimate_of_machine(*machine->client(), dump)
                                               : estimate_attached(std::move(machine), dump));
    for (const std::string& warning : size.warnings.value_or(std::vector<std::string>()))
        std::fprintf(stderr, "warning: %s\n", util::printable(warning).c_str());
    if (json) {
        print_json(qapi::to_json(size));
    } else {
        print_estimate(size);
    }
    return 0;
}

}  // namespace

Result<int> dump_command(int argc, char** argv) {
    const Usage usage("[FILE]",
                      "Pauses the guest of a machine, writes its memory and registers to FILE, "
                      "and resumes it.\nFILE may be -, stdout.");
    DumpOptions options;
    LiveOptions live;
    SourceOptions from;
    ProgressOptions progress;
    gboolean by_machine = FALSE, only_estimate = FALSE, json = FALSE;
    std::vector<GOptionEntry> entries = options.entries();
    for (const GOptionEntry& entry : live.entries()) entries.push_back(entry);
    for (const GOptionEntry& entry : from.entries()) entries.push_back(entry);
    entries.push_back({"by-machine", 0, 0, G_OPTION_ARG_NONE, &by_machine,
                       "have QEMU write the dump, in a format that it has", nullptr});
    for (const GOptionEntry& entry : progress.entries("print only errors and warnings"))
        entries.push_back(entry);
    entries.push_back({"estimate", 0, 0, G_OPTION_ARG_NONE, &only_estimate,
                       "print how many bytes the dump would take, and do not dump", nullptr});
    entries.push_back(
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "print the result as one line of JSON", nullptr});
    entries.push_back({});
    TRY(live.take_value(argc, argv));
    const auto operands = TRY(parse_command_line(argc, argv, usage, 0, 1, entries.data()));
    auto arguments = TRY(options.arguments());
    TRY(live.add_to(arguments));
    if (options.replaces_vmcoreinfo())
        return Error::make(
            "--find-vmcoreinfo=always is for files; a machine is only searched if "
            "its guest passed no note");
    if (only_estimate) return estimate(from, arguments, json != FALSE);
    if (operands.empty()) return Error::make("0 operands where 1 is expected: FILE");
    TRY(options.check_output(operands[0]));
    if (json && operands[0] == "-")
        return Error::make("--json prints to stdout, which is the target: name a file");
    const ProgressStyle style = TRY(progress.style());
    CommandProgress shown("dump", style, ProgressDisplay::Where::anywhere);
    const Choices choices{.by_machine = by_machine != FALSE,
                          .forced_live = live.forced(),
                          .manner = {.progress = style, .json = json != FALSE}};
    return shown.end(dump(from, arguments, operands[0], choices, shown));
}

}  // namespace guestdump::tools
