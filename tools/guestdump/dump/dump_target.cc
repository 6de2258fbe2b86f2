// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/dump/dump_target.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "dump/target/durable.h"

namespace guestdump::tools {

Result<std::optional<DumpTarget>> DumpTarget::open(const std::string& path) {
    DumpTarget target(path == "-" ? "stdout" : path);
    struct stat status;
    if (path == "-") {
        target.fd_.reset(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
    } else if (::stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode) &&
               (!S_ISREG(status.st_mode) || dump::names_open_file(path))) {
        target.fd_.reset(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    } else {
        return std::optional<DumpTarget>();
    }
    if (!target.fd_) return dump::open_error(errno, path);
    return std::optional(std::move(target));
}

Result<DumpTarget> DumpTarget::create(const std::string& path) {
    DumpTarget target(path);
    dump::NewFile file = TRY(dump::NewFile::create(path));
    target.file_.emplace(std::move(file));
    return target;
}

uint64_t DumpTarget::size() const {
    struct stat status;
    const bool known = ::fstat(fd(), &status) == 0 && S_ISREG(status.st_mode);
    return known ? static_cast<uint64_t>(status.st_size) : 0;
}

Result<> DumpTarget::commit(const std::atomic<bool>& unwanted) {
    if (file_) return file_->commit(unwanted);
    // The machine closes and syncs a descriptor of its own, and its result is not known here. Both
    // descriptors share the position.
    if (dump::is_storage(fd_.get())) {
        const off_t end = ::lseek(fd_.get(), 0, SEEK_CUR);
        TRY(dump::write_back(fd_.get(), end, name_, [&unwanted] { return unwanted.load(); }));
        TRY(dump::sync_target(fd_.get(), name_));
    }
    return dump::close_checked(std::move(fd_), name_);
}

}  // namespace guestdump::tools
