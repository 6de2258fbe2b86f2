// SPDX-License-Identifier: GPL-2.0-or-later
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tools/guestdump/guestdump_commands.h"
#include "tools/standard_output.h"
#include "util/standard_descriptors.h"
#include "util/text.h"

using namespace guestdump;

/// guestdump: what people do with vmcores, and with machines that they want one of. Exit status as
/// cmp(1)'s: 0, 1 where something was found to be wrong or different, 2 where the command could not
/// do its work.

namespace {

constexpr int kTrouble = 2;

struct Command {
    std::string_view name;
    const char* summary;
    util::Result<int> (*run)(int argc, char** argv);
};

constexpr Command kCommands[] = {
    {"info", "info FILE                     print what a vmcore contains", tools::info_command},
    {"verify", "verify FILE                   read a vmcore and print what is damaged",
     tools::verify_command},
    {"compare", "compare FILE FILE             print the differences; formats may differ",
     tools::compare_command},
    {"convert", "convert IN OUT --format F     write a vmcore in another format; OUT may be -",
     tools::convert_command},
    {"extract",
     "extract CORE OUT --format F   write a vmcore of the guest in a core of guestdump-vm",
     tools::extract_command},
    {"dump", "dump --qmp SOCKET FILE        dump the guest of a machine; FILE may be -",
     tools::dump_command},
    {"status", "status --qmp SOCKET           print the state of a machine and its dump",
     tools::status_command},
    {"stop", "stop --qmp SOCKET             stop the guest", tools::stop_command},
    {"cont", "cont --qmp SOCKET             resume the guest", tools::cont_command},
};

int usage(std::FILE* out, int status) {
    std::fputs("usage: guestdump COMMAND ...\n\n", out);
    for (const Command& command : kCommands) std::fprintf(out, "  guestdump %s\n", command.summary);
    std::fputs("\nguestdump COMMAND --help lists a command's options.\n", out);
    return status;
}

int run(int argc, char** argv) {
    if (argc < 2) return usage(stderr, kTrouble);
    const std::string_view name = argv[1];
    if (name == "--help" || name == "-h" || name == "help") return usage(stdout, 0);
    for (const Command& command : kCommands) {
        if (name != command.name) continue;
        const util::Result<int> status = command.run(argc - 1, argv + 1);
        if (status) return *status;
        std::fprintf(stderr, "guestdump %s: %s\n", argv[1],
                     util::printable(status.error().message()).c_str());
        return kTrouble;
    }
    std::fprintf(stderr, "guestdump: there is no command '%s'\n", argv[1]);
    return usage(stderr, kTrouble);
}

}  // namespace

int main(int argc, char** argv) {
    if (!util::occupy_standard_descriptors()) return kTrouble;  // and nowhere to say why
    // A reader of stdout that goes away is an error of a write, not the end of the process; nor is
    // a file that grows beyond the process's limit.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
    // An answer that could not be written is none, whatever it was. At exit, because GLib's --help
    // does not come back.
    std::atexit([] {
        if (!tools::stdout_took_all("guestdump")) std::_Exit(kTrouble);
    });
    return run(argc, argv);
}
