// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/dump_target.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace tools {

using util::Result;

Result<DumpTarget> DumpTarget::open(const std::string& path) {
    DumpTarget target;
    struct stat status;
    if (path == "-") {
        target.fd_.reset(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
    } else if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) &&
               !S_ISDIR(status.st_mode)) {
        target.fd_.reset(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    } else {
        target.file_.emplace(TRY(dump::NewFile::create(path)));
        return target;
    }
    if (!target.fd_) return dump::open_error(errno, path);
    return target;
}

uint64_t DumpTarget::size() const {
    struct stat status;
    const bool known = ::fstat(fd(), &status) == 0 && S_ISREG(status.st_mode);
    return known ? static_cast<uint64_t>(status.st_size) : 0;
}

Result<> DumpTarget::commit() {
    if (file_) return file_->commit();
    fd_.reset();
    return {};
}

}  // namespace tools
