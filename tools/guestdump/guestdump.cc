// SPDX-License-Identifier: GPL-2.0-or-later
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tools/guestdump/guestdump_commands.h"
#include "tools/guestdump/report.h"
#include "tools/guestdump/signal_watch.h"
#include "tools/standard_output.h"
#include "util/standard_descriptors.h"

using namespace guestdump;

/// guestdump: works on vmcores, and on machines that are to be dumped. The exit status is like that
/// of cmp(1): 0; 1 if something is wrong or different; 2 if the command failed.

namespace {

struct Command {
    std::string_view name;
    const char* summary;
    util::Result<int> (*run)(int argc, char** argv);
};

constexpr Command kCommands[] = {
    {"info", "info FILE...                  print what vmcores contain, or the guest of a machine",
     tools::info_command},
    {"verify", "verify FILE...                read vmcores and print what is damaged",
     tools::verify_command},
    {"compare", "compare FILE FILE             print the differences; formats may differ",
     tools::compare_command},
    {"convert", "convert IN OUT --format F     write a vmcore in another format; OUT may be -",
     tools::convert_command},
    {"extract",
     "extract CORE OUT --format F   write a vmcore of the guest in a core of guestdump-vm",
     tools::extract_command},
    {"dump",
     "dump --qmp SOCKET FILE        dump a machine's guest; --domain NAME instead of --qmp; FILE "
     "may be -",
     tools::dump_command},
    {"report", "report SOURCE                 print what a Linux guest was doing",
     tools::report_command},
    {"log", "log SOURCE                    print the log of the guest's kernel",
     tools::log_command},
    {"ps", "ps SOURCE                     list the guest's tasks", tools::ps_command},
    {"bt", "bt SOURCE [PID]               print kernel stacks of CPUs or tasks", tools::bt_command},
    {"status", "status --qmp SOCKET           print the state of a machine and its dump",
     tools::status_command},
    {"stop", "stop --qmp SOCKET             stop the guest", tools::stop_command},
    {"cont", "cont --qmp SOCKET             resume the guest", tools::cont_command},
};

int usage(std::FILE* out, int status) {
    std::fputs("usage: guestdump COMMAND ...\n\n", out);
    for (const Command& command : kCommands) std::fprintf(out, "  guestdump %s\n", command.summary);
    std::fputs(
        "\nguestdump COMMAND --help lists a command's options. guestdump --version prints the "
        "version.\n",
        out);
    return status;
}

int run(int argc, char** argv) {
    if (argc < 2) return usage(stderr, tools::kTrouble);
    const std::string_view name = argv[1];
    if (name == "--help" || name == "-h" || name == "help") return usage(stdout, 0);
    if (name == "--version") {
        std::puts("guestdump version " GUESTDUMP_VERSION);
        return 0;
    }
    for (const Command& command : kCommands) {
        if (name != command.name) continue;
        const util::Result<int> status = command.run(argc - 1, argv + 1);
        if (status) return *status;
        return tools::report_error(argv[1], status.error());
    }
    std::fprintf(stderr, "guestdump: there is no command '%s'\n", argv[1]);
    return usage(stderr, tools::kTrouble);
}

}  // namespace

int main(int argc, char** argv) {
    if (!util::occupy_standard_descriptors())
        return tools::kTrouble;  // stderr cannot be used either
    // If a reader of stdout goes away, or a file exceeds the limit on sizes, the write fails and
    // the process continues.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
    // A command whose output could not be written has failed, whatever its result. This is checked
    // at exit, because GLib's --help does not return.
    std::atexit([] {
        switch (tools::finish_stdout("guestdump")) {
            case tools::Output::complete:
                return;
            case tools::Output::no_reader:
                std::_Exit(tools::status_of_signal(SIGPIPE));
            case tools::Output::failed:
                std::_Exit(tools::kTrouble);
        }
    });
    return run(argc, argv);
}
