// SPDX-License-Identifier: GPL-2.0-or-later
#include <cinttypes>
#include <string>

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

Result<qapi::DumpGuestMemoryArguments> request_of(const HmpArguments& arguments) {
    qapi::DumpGuestMemoryArguments request{
        .paging = arguments.flag('p'),
        .protocol = "file:" + arguments.text("filename").value_or(""),
        .detach = arguments.flag('d'),
    };
    request.format = TRY(format_of(arguments));
    request.begin = arguments.number("begin");
    request.length = arguments.number("length");
    request.threads = arguments.setting('j');
    request.find_vmcoreinfo = !arguments.flag('V');
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

Result<std::string> info_dump(Monitor& monitor, const HmpArguments&) {
    const qapi::DumpQueryResult result = TRY(qmp_query_dump(monitor));
    std::string text = "Status: " + std::string(to_string(result.status)) + "\n";
    if (result.status == qapi::DumpStatus::active && result.total > 0) {
        const double share =
            static_cast<double>(result.completed) / static_cast<double>(result.total);
        text += util::text("Finished: %.2f %%\n", 100 * share);
    }
    return text;
}

void info_dump_estimate(Monitor& monitor, const HmpArguments& arguments,
                        const Completion<std::string>& done) {
    auto format = format_of(arguments);
    if (!format) return done(std::move(format).take_error());
    const qapi::QueryDumpEstimateArguments request{.format = *format,
                                                   .begin = arguments.number("begin"),
                                                   .length = arguments.number("length")};
    qmp_query_dump_estimate(monitor, request, [done](Result<qapi::DumpEstimate> size) {
        if (!size) return done(std::move(size).take_error());
        done(util::text("%" PRIu64 " bytes, from %" PRIu64 " to %" PRIu64 "\n", size->bytes,
                        size->lowest, size->highest));
    });
}

using Kind = HmpParameter::Kind;
constexpr HmpParameter kDump[] = {
    {Kind::flag, "p"},
    {Kind::flag, "d"},
    {Kind::flag, "z"},
    {Kind::flag, "l"},
    {Kind::flag, "s"},
    {Kind::flag, "Z"},
    {Kind::flag, "v"},
    {Kind::flag, "w"},
    {Kind::flag, "R"},
    {Kind::flag, "V"},
    {Kind::setting, "j"},
    {Kind::word, "filename"},
    {Kind::number, "begin", true},
    {Kind::number, "length", true},
};

constexpr HmpParameter kEstimate[] = {
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
     "[-p] [-d] [-z|-l|-s|-Z|-v|-w] [-R] [-V] [-j threads] filename [begin length]",
     "dump guest memory into file 'filename'.\n"
     "\t\t\t-p: one program header for each mapping of the guest's page tables.\n"
     "\t\t\t-d: return at once; 'info dump' prints the progress.\n"
     "\t\t\t-z: kdump-compressed format, with zlib compression.\n"
     "\t\t\t-l: kdump-compressed format, with lzo compression.\n"
     "\t\t\t-s: kdump-compressed format, with snappy compression.\n"
     "\t\t\t-Z: kdump-compressed format, with zstd compression.\n"
     "\t\t\t-v: VirtualBox's core format.\n"
     "\t\t\t-w: Windows crash dump format.\n"
     "\t\t\t-R: with -z, -l, -s or -Z, not in makedumpfile's flattened format.\n"
     "\t\t\t-V: do not search guest memory for VMCOREINFO if the guest passed none.\n"
     "\t\t\t-j: number of threads; default: one per processor.\n"
     "\t\t\tbegin: the first physical address.\n"
     "\t\t\tlength: the size of memory, in bytes.",
     dump},
    {"dump-cancel", {}, "", "cancel the current dump and remove its file", at_once<cancel>},
    {"info dump", {}, "", "show the status of the latest dump", at_once<info_dump>},
    {"info dump-estimate", kEstimate, "[-z|-l|-s|-Z] [-R] [begin length]",
     "show how many bytes a dump would take, with bounds", info_dump_estimate},
};

}  // namespace

std::span<const HmpCommand> hmp_dump_commands() {
    return kCommands;
}

}  // namespace guestdump::monitor
