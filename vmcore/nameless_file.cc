// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/nameless_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "util/nameless_file.h"
#include "util/write_at.h"
#include "util/zero.h"

namespace guestdump::vmcore {
namespace {

constexpr size_t kBlock = 4096;  ///< smallest part that becomes a hole

Error copy_error(int os_error, const char* what, const std::string& name) {
    return Error::from_errno(os_error,
                             "%s the temporary file for '%s' in '%s' (TMPDIR names another "
                             "directory)",
                             what, name.c_str(), stream_copy_directory().c_str());
}

Result<> write_at(int fd, uint64_t offset, std::span<const std::byte> bytes,
                  const std::string& name) {
    const int failed = util::write_at(fd, offset, bytes);
    return failed == 0 ? Result<>() : copy_error(failed, "writing", name);
}

/// Writes the blocks of @bytes that are not zero.
Result<> write_data(int fd, uint64_t offset, std::span<const std::byte> bytes,
                    const std::string& name) {
    size_t begin = 0;
    for (size_t at = 0; at < bytes.size(); at += kBlock) {
        const auto block = bytes.subspan(at, std::min(kBlock, bytes.size() - at));
        if (!util::all_zero(block)) continue;
        TRY(write_at(fd, offset + begin, bytes.subspan(begin, at - begin), name));
        begin = at + block.size();
    }
    return write_at(fd, offset + begin, bytes.subspan(begin), name);
}

}  // namespace

std::string stream_copy_directory() {
    const char* const chosen = std::getenv("TMPDIR");
    return chosen && *chosen ? chosen : "/var/tmp";
}

Result<NamelessFile> NamelessFile::create(std::string name) {
    Result<util::UniqueFd> made = util::make_nameless_file(stream_copy_directory());
    if (!made) return copy_error(made.error().os_error(), "creating", name);
    util::UniqueFd fd = std::move(made).take();
    return NamelessFile(std::move(name), std::move(fd));
}

Result<> NamelessFile::append(std::span<const std::byte> bytes) {
    TRY(write_data(fd_.get(), size_, bytes, name_));
    size_ += bytes.size();
    return {};
}

Result<std::shared_ptr<const FileSource>> NamelessFile::finish() && {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0)
        return copy_error(errno, "writing", name_);
    return FileSource::of(std::move(name_), std::move(fd_));
}

}  // namespace guestdump::vmcore
