// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/dump/local_target.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "dump/target/targets.h"

namespace guestdump::tools {

Result<std::unique_ptr<dump::Sink>> open_local_sink(const std::string& path,
                                                    const std::optional<DumpTarget>& target) {
    if (!target) return dump::open_file_sink(path);
    util::UniqueFd copy(::fcntl(target->fd(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return Error::from_errno(errno, "opening '%s'", path.c_str());
    return dump::make_fd_sink(std::move(copy), path == "-" ? "stdout" : path);
}

uint64_t size_of_file(const std::string& path, const std::optional<DumpTarget>& target) {
    struct stat status;
    if (target) return target->size();
    const bool known = ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
    return known ? static_cast<uint64_t>(status.st_size) : 0;
}

}  // namespace guestdump::tools
