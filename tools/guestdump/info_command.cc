// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>

#include "dump/request.h"
#include "qapi/marshal.h"
#include "tools/guestdump/command_options.h"
#include "tools/guestdump/dump_options.h"
#include "tools/guestdump/guestdump_commands.h"
#include "tools/guestdump/linux/guest_source.h"
#include "tools/guestdump/report.h"
#include "tools/guestdump/source.h"
#include "tools/info_text.h"
#include "util/text.h"
#include "view/report_view.h"
#include "vmcore/inspect/describe.h"

namespace guestdump::tools {

namespace {

/// What the guest's kernel was doing. Empty if it is no Linux, or its log cannot be read.
std::optional<std::string> guest_state(const vmcore::Vmcore& vmcore,
                                       const std::string& vmcoreinfo) {
    auto moment = moment_of(vmcore);
    if (!moment) return std::nullopt;
    moment->vmcoreinfo.emplace(vmcoreinfo);
    const util::Cancellation never;
    const auto look = view::GuestLook::open(std::move(moment).take(), {}, never);
    if (!look) return std::nullopt;
    auto state = view::condition_text(**look);
    if (!state) return std::nullopt;
    return std::move(state).take();
}

struct InfoOptions {
    bool json = false;
    vmcore::DescribeOptions describe{};
    std::optional<uint64_t> kernel{};  ///< number of the kernel to describe
    InfoDetail detail{};
};

Result<int> print_info(Source& source, const InfoOptions& options) {
    if (options.kernel) TRY(source.choose_kernel(*options.kernel, options.describe.threads));
    qapi::VmcoreInfo info = TRY(vmcore::describe(source.vmcore(), source.name(), options.describe));
    if (info.vmcoreinfo) info.guest_state = guest_state(source.vmcore(), *info.vmcoreinfo);
    TRY(source.release());
    if (source.is_machine()) {
        info.format = qapi::VmcoreFormat::machine;
        info.written_by.reset();
    }
    if (options.json) {
        print_json(qapi::to_json(info));
    } else {
        std::fputs(util::printable(info_text(info, options.detail)).c_str(), stdout);
    }
    return 0;
}

}  // namespace

Result<int> info_command(int argc, char** argv) {
    OptionText kernel;
    gboolean json = FALSE, registers = FALSE, vmcoreinfo = FALSE, no_find = FALSE;
    OptionText find;
    gboolean pages = FALSE;
    SourceOptions from;
    std::vector<GOptionEntry> entries = from.entries();
    const std::vector<GOptionEntry> own = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "print everything, as one line of JSON per file",
         nullptr},
        {"registers", 0, 0, G_OPTION_ARG_NONE, &registers, "print the registers of each vCPU",
         nullptr},
        {"pages", 0, 0, G_OPTION_ARG_NONE, &pages,
         "count the pages by what the guest's Linux kernel uses them for", nullptr},
        {"vmcoreinfo", 0, 0, G_OPTION_ARG_NONE, &vmcoreinfo, "print the whole VMCOREINFO text",
         nullptr},
        {"no-find-vmcoreinfo", 0, 0, G_OPTION_ARG_NONE, &no_find,
         "do not search memory for VMCOREINFO if the file has none", nullptr},
        {"find-vmcoreinfo", 0, 0, G_OPTION_ARG_STRING, find.address(),
         "when to search memory for VMCOREINFO: missing (the default), never, always", "WHEN"},
        {"kernel", 0, 0, G_OPTION_ARG_STRING, kernel.address(),
         "describe this one of several kernels in memory, by its number in the list", "N"},
        {},
    };
    entries.insert(entries.end(), own.begin(), own.end());
    const Usage usage("[FILE...]",
                      "Prints what kind of vmcore each file is and what it contains, or describes "
                      "the guest of a running\nQEMU, which is held meanwhile.");
    const auto files = TRY(parse_command_line(argc, argv, usage, 0, kManyOperands, entries.data()));
    const FindVmcoreinfo when = TRY(parse_find_vmcoreinfo(find));
    const auto number = TRY(parse_number("kernel", kernel));
    const InfoOptions options{
        .json = json != FALSE,
        .describe = {.find_vmcoreinfo = no_find == FALSE && when.search,
                     .replace_vmcoreinfo = when.replace,
                     .page_use = pages != FALSE,
                     .threads = dump::thread_count(0)},
        .kernel = number,
        .detail = {.registers = registers != FALSE, .vmcoreinfo = vmcoreinfo != FALSE}};
    TRY(from.check_with(files));
    if (files.empty()) {
        const auto machine = TRY(from.open_machine("info"));
        return print_info(*machine, options);
    }
    bool first = true;
    return for_each_vmcore(argv[0], files, [&](const InputPaths& paths) -> Result<int> {
        if (!first && !options.json) std::puts("");
        first = false;
        const auto source =
            TRY(Source::of_files(paths, {.command = "info", .open = {.partial = true}}));
        return print_info(*source, options);
    });
}

}  // namespace guestdump::tools
