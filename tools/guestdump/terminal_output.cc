// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/terminal_output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/unique_fd.h"

namespace guestdump::tools {
namespace {

bool is_terminal(const std::string& output) {
    if (output == "-") return ::isatty(STDOUT_FILENO) == 1;
    // Other files are not opened: opening a FIFO or a tape has effects.
    struct stat status;
    if (::stat(output.c_str(), &status) != 0 || !S_ISCHR(status.st_mode)) return false;
    const util::UniqueFd fd(::open(output.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    return fd && ::isatty(fd.get()) == 1;
}

}  // namespace

Result<> refuse_terminal(const std::string& output) {
    if (!is_terminal(output)) return {};
    return Error::make("%s is a terminal, and a vmcore is not text: name a file, or use --force",
                       output == "-" ? "stdout" : ("'" + output + "'").c_str());
}

}  // namespace guestdump::tools
