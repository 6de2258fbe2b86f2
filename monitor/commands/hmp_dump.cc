// SPDX-License-Identifier: GPL-2.0-or-later
#include <cinttypes>
#include <string>

#include "dump/arguments.h"
#include "monitor/commands.h"
#include "monitor/hmp/hmp_command.h"
#include "util/text.h"

namespace guestdump::monitor {
namespace {

using Format = qapi::DumpGuestMemoryFormat;

/// The formats that a flag selects, without and with -R.
struct FormatFlag {
    char letter;
    Format flattened, raw;
};

constexpr FormatFlag kFormatFlags[] = {
    {'z', Format::kdump_zlib, Format::kdump_raw_zlib},
    {'l', Format::kdump_lzo, Format::kdump_raw_lzo},
    {'s', Format::kdump_snappy, Format::kdump_raw_snappy},
    {'Z', Format::kdump_zstd, Format::kdump_raw_zstd},
    {'v', Format::vbox_core, Format::vbox_core},
    {'w', Format::win_dmp, Format::win_dmp},
};

Result<Format> format_of(const HmpArguments& arguments) {
    Format format = Format::elf;
    int chosen = 0;
    for (const FormatFlag& flag : kFormatFlags) {
        if (!arguments.flag(flag.letter)) continue;
        format = arguments.flag('R') ? flag.raw : flag.flattened;
        ++chosen;
    }
    if (chosen > 1) return Error::make("only one of '-z|-l|-s|-Z|-v|-w' can be set");
    return format;
}

/// The kinds of pages of the level after -d.
Result<std::optional<std::vector<qapi::DumpExclude>>> excluded(const HmpArguments& arguments) {
    using Kinds = std::optional<std::vector<qapi::DumpExclude>>;
    const auto level = arguments.setting('d');
    if (!level) return Kinds();
    if (!linux_guest::Exclusion::of_level(*level))
        return Error::make("-d expects a dump level from 0 to 31, not %u", *level);
    return Kinds(dump::kinds_of_level(*level));
}

Result<qapi::DumpGuestMemoryArguments> request_of(const HmpArguments& arguments) {
    qapi::DumpGuestMemoryArguments request{
        .paging = arguments.flag('p'),
        .protocol = "file:" + arguments.text("filename").value_or(""),
        .detach = arguments.flag('d'),
    };
    request.format = TRY(format_of(arguments));
    request.exclude = TRY(excluded(arguments));
    request.begin = arguments.number("begin");
    request.length = arguments.number("length");
    request.threads = arguments.setting('j');
    request.find_vmcoreinfo = !arguments.flag('V');
    if (arguments.flag('L') || arguments.flag('F')) request.live = true;
    if (arguments.flag('F')) request.live_fallback = true;
    return request;
}

void dump(Monitor& monitor, const HmpArguments& arguments, const Completion<std::string>& done) {
    auto request = request_of(arguments);
    if (!request) return done(std::move(request).take_error());
    qmp_dump_guest_memory(monitor, *request, [done](Result<> dumped) {
        if (!dumped) return done(std::move(dumped).take_error());
        done(std::string());
    });
}

Result<std::string> cancel(Monitor& monitor, const HmpArguments&) {
    TRY(qmp_dump_cancel(monitor));
    return std::string();
}

std::string live_text(const qapi::DumpLiveStatus& live) {
    std::string text = "Live: ";
    if (live.stop_time) text += util::text("stopped for %" PRIu64 " us, ", *live.stop_time);
    return text + util::text("%" PRIu64 " writes waited, %" PRIu64 " for memory, %" PRIu64
                             " pages copied\n",
                             live.write_faults, live.pool_waits, live.pages_copied);
}

Result<std::string> info_dump(Monitor& monitor, const HmpArguments&) {
    const qapi::DumpQueryResult result = TRY(qmp_query_dump(monitor));
    std::string text = "Status: " + std::string(to_string(result.status)) + "\n";
    if (result.status == qapi::DumpStatus::active && result.total > 0) {
        const double share =
            static_cast<double>(result.completed) / static_cast<double>(result.total);
        text += util::text("Finished: %.2f %%\n", 100 * share);
    }
    if (result.live) text += live_text(*result.live);
    return text;
}

void info_dump_estimate(Monitor& monitor, const HmpArguments& arguments,
                        const Completion<std::string>& done) {
    auto format = format_of(arguments);
    if (!format) return done(std::move(format).take_error());
    auto exclude = excluded(arguments);
    if (!exclude) return done(std::move(exclude).take_error());
    const qapi::QueryDumpEstimateArguments request{.format = *format,
                                                   .begin = arguments.number("begin"),
                                                   .length = arguments.number("length"),
                                                   .exclude = *exclude};
    qmp_query_dump_estimate(monitor, request, [done](Result<qapi::DumpEstimate> size) {
        if (!size) return done(std::move(size).take_error());
        done(util::text("%" PRIu64 " bytes, from %" PRIu64 " to %" PRIu64 "\n", size->bytes,
                        size->lowest, size->highest));
    });
}

using Kind = HmpParameter::Kind;
constexpr HmpParameter kDump[] = {
    {Kind::flag, "p"},
    {Kind::flag_or_setting, "d"},
    {Kind::flag, "z"},
    {Kind::flag, "l"},
    {Kind::flag, "s"},
    {Kind::flag, "Z"},
    {Kind::flag, "v"},
    {Kind::flag, "w"},
    {Kind::flag, "R"},
    {Kind::flag, "V"},
    {Kind::flag, "L"},
    {Kind::flag, "F"},
    {Kind::setting, "j"},
    {Kind::word, "filename"},
    {Kind::number, "begin", true},
    {Kind::number, "length", true},
};

constexpr HmpParameter kEstimate[] = {
    {Kind::setting, "d"},
    {Kind::flag, "z"},
    {Kind::flag, "l"},
    {Kind::flag, "s"},
    {Kind::flag, "Z"},
    {Kind::flag, "R"},
    {Kind::number, "begin", true},
    {Kind::number, "length", true},
};

constexpr HmpCommand kCommands[] = {
    {"dump-guest-memory", kDump,
     "[-p] [-d] [-d level] [-z|-l|-s|-Z|-v|-w] [-R] [-V] [-L|-F] [-j threads] filename "
     "[begin length]",
     "dump guest memory into file 'filename'.\n"
     "\t\t\t-p: one program header for each mapping of the guest's page tables.\n"
     "\t\t\t-d: return at once; 'info dump' prints the progress.\n"
     "\t\t\t-d level: leave out kinds of pages: 1 zero, 2 cache, 4 private cache,\n"
     "\t\t\t 8 user, 16 free, or a sum of them.\n"
     "\t\t\t-z: kdump-compressed format, with zlib compression.\n"
     "\t\t\t-l: kdump-compressed format, with lzo compression.\n"
     "\t\t\t-s: kdump-compressed format, with snappy compression.\n"
     "\t\t\t-Z: kdump-compressed format, with zstd compression.\n"
     "\t\t\t-v: VirtualBox's core format.\n"
     "\t\t\t-w: Windows crash dump format.\n"
     "\t\t\t-R: with -z, -l, -s or -Z, not in makedumpfile's flattened format.\n"
     "\t\t\t-V: do not search guest memory for VMCOREINFO if the guest passed none.\n"
     "\t\t\t-L: let the guest run while its memory is written.\n"
     "\t\t\t-F: as -L, but stop the guest if the host lacks what is needed.\n"
     "\t\t\t-j: number of threads; default: one per processor.\n"
     "\t\t\tbegin: the first physical address.\n"
     "\t\t\tlength: the size of memory, in bytes.",
     dump},
    {"dump-cancel", {}, "", "cancel the current dump and remove its file", at_once<cancel>},
    {"info dump", {}, "", "show the status of the latest dump", at_once<info_dump>},
    {"info dump-estimate", kEstimate, "[-d level] [-z|-l|-s|-Z] [-R] [begin length]",
     "show how many bytes a dump would take, with bounds", info_dump_estimate},
};

}  // namespace

std::span<const HmpCommand> hmp_dump_commands() {
    return kCommands;
}

}  // namespace guestdump::monitor
