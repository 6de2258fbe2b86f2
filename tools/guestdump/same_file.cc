// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/same_file.h"

#include <sys/stat.h>
#include <unistd.h>

namespace guestdump::tools {
namespace {

bool look_at(const std::string& path, int standard_fd, struct stat& status) {
    if (path == "-") return ::fstat(standard_fd, &status) == 0;
    return ::stat(path.c_str(), &status) == 0;
}

bool same_file(const struct stat& one, const struct stat& other) {
    const bool block_devices = S_ISBLK(one.st_mode) && S_ISBLK(other.st_mode);
    // One disk may have several device nodes.
    if (block_devices && one.st_rdev == other.st_rdev) return true;
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/// A socket or a terminal has two directions, and written data cannot be read back.
bool has_content(const struct stat& status) {
    return S_ISREG(status.st_mode) || S_ISBLK(status.st_mode) || S_ISFIFO(status.st_mode);
}

}  // namespace

Result<> refuse_input_as_output(std::span<const std::string> inputs, const std::string& output) {
    struct stat target;
    if (!look_at(output, STDOUT_FILENO, target) || !has_content(target)) return {};
    for (const std::string& input : inputs) {
        struct stat source;
        if (!look_at(input, STDIN_FILENO, source) || !same_file(source, target)) continue;
        if (input == output) {
            return Error::make("'%s' is the input and the output: give the output another name",
                               output.c_str());
        }
        return Error::make(
            "the output '%s' is the same file as the input '%s': give the output another name",
            output.c_str(), input.c_str());
    }
    return {};
}

}  // namespace guestdump::tools
