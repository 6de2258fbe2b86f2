// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/stream_copy.h"

#include <unistd.h>

#include <cerrno>
#include <vector>

#include "vmcore/nameless_file.h"

namespace guestdump::vmcore {
namespace {

constexpr size_t kBuffer = size_t{1} << 20;

/// Reads until @buffer is full or the stream ends. Returns the number of bytes.
Result<size_t> read_full(int fd, std::span<std::byte> buffer, const std::string& name) {
    size_t filled = 0;
    while (filled < buffer.size()) {
        const ssize_t got = ::read(fd, buffer.data() + filled, buffer.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Error::from_errno(errno, "reading '%s'", name.c_str());
        if (got == 0) break;
        filled += static_cast<size_t>(got);
    }
    return filled;
}

}  // namespace

Result<std::shared_ptr<const FileSource>> copy_stream(
    std::string name, int fd, const std::function<void(uint64_t bytes)>& progress) {
    NamelessFile copy = TRY(NamelessFile::create(name));
    std::vector<std::byte> buffer(kBuffer);
    while (true) {
        const size_t got = TRY(read_full(fd, buffer, name));
        if (got == 0) break;
        TRY(copy.append(std::span(buffer).first(got)));
        if (progress) progress(copy.size());
    }
    return std::move(copy).finish();
}

}  // namespace guestdump::vmcore
