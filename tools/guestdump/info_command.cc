// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>

#include "dump/request.h"
#include "qapi/marshal.h"
#include "tools/guestdump/command_options.h"
#include "tools/guestdump/guestdump_commands.h"
#include "tools/info_text.h"
#include "util/text.h"
#include "vmcore/inspect/describe.h"

namespace guestdump::tools {

Result<int> info_command(int argc, char** argv) {
    gboolean json = FALSE, registers = FALSE, vmcoreinfo = FALSE, no_find = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "print everything, as one line of JSON", nullptr},
        {"registers", 0, 0, G_OPTION_ARG_NONE, &registers, "print the registers of each vCPU",
         nullptr},
        {"vmcoreinfo", 0, 0, G_OPTION_ARG_NONE, &vmcoreinfo, "print the whole VMCOREINFO text",
         nullptr},
        {"no-find-vmcoreinfo", 0, 0, G_OPTION_ARG_NONE, &no_find,
         "do not search memory for VMCOREINFO if the file has none", nullptr},
        {},
    };
    const auto operands = TRY(parse_command_line(argc, argv, "FILE", 1, entries));
    const auto vmcore = TRY(vmcore::Vmcore::open(operands[0], {.partial = true}));
    const vmcore::DescribeOptions options{.find_vmcoreinfo = no_find == FALSE,
                                          .threads = dump::thread_count(0)};
    const qapi::VmcoreInfo info = TRY(vmcore::describe(*vmcore, operands[0], options));
    const std::string text =
        json ? qapi::to_text(qapi::to_json(info).get()) + "\n"
             : util::printable(info_text(
                   info, {.registers = registers != FALSE, .vmcoreinfo = vmcoreinfo != FALSE}));
    std::fputs(text.c_str(), stdout);
    return 0;
}

}  // namespace guestdump::tools
