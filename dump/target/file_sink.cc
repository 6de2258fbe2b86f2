// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "dump/target/fd_sink.h"
#include "dump/target/new_file.h"
#include "dump/target/targets.h"

namespace guestdump::dump {

namespace {

/// A file that gets its name when it is complete.
class FileSink final : public Sink {
  public:
    /// @fd is a copy of @file's descriptor.
    FileSink(const std::string& path, NewFile file, util::UniqueFd fd)
        : file_(std::move(file)), bytes_(std::move(fd), path, 0) {}

    Result<> write_at(uint64_t offset, std::span<const std::byte> data) override {
        return bytes_.write_at(offset, data);
    }
    bool random_access() const override { return true; }
    Result<> finish(uint64_t size) override { return bytes_.finish(size); }

    Result<> commit() override {
        TRY(bytes_.close());
        return file_.commit(interrupted_);
    }
    void interrupt() override {
        interrupted_ = true;
        bytes_.interrupt();
    }

  private:
    NewFile file_;
    FileFdSink bytes_;
    std::atomic<bool> interrupted_{false};
};

}  // namespace

Result<std::unique_ptr<Sink>> open_file_sink(const std::string& path) {
    if (!makes_new_file(path)) {
        // Without O_NONBLOCK, opening a FIFO that has no reader would block the main loop for ever;
        // with it, the error is ENXIO.
        util::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
        if (!fd) return open_error(errno, path);
        return make_fd_sink(std::move(fd), path);
    }
    NewFile file = TRY(NewFile::create(path));
    util::UniqueFd copy(::fcntl(file.fd(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return open_error(errno, path);
    std::unique_ptr<Sink> sink = std::make_unique<FileSink>(path, std::move(file), std::move(copy));
    return sink;
}

}  // namespace guestdump::dump
