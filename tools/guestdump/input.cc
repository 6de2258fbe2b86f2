// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <optional>

#include "tools/info_text.h"
#include "tools/progress_text.h"
#include "util/text.h"
#include "vmcore/kdump/split_set.h"
#include "vmcore/stream_copy.h"

namespace guestdump::tools {
namespace {

using Clock = std::chrono::steady_clock;

/// Shows that a stream is being copied or unpacked: on a terminal in one line that is updated, and
/// for programs by reports.
class CopyDisplay {
  public:
    /// @action: "copying stdin".
    CopyDisplay(const std::string& action, const InputOptions& options)
        : what_(util::text("%s into a temporary file in %s", action.c_str(),
                           util::printable(vmcore::stream_copy_directory()).c_str())),
          progress_(options.progress),
          style_(progress_ ? progress_->style() : ProgressStyle::people),
          terminal_(style_ == ProgressStyle::people && ::isatty(STDERR_FILENO) == 1) {
        if (style_ == ProgressStyle::people && !terminal_)
            std::fprintf(stderr, "guestdump %s: %s\n", options.command, what_.c_str());
        if (progress_) progress_->enter(qapi::ProgressPhase::copy, 0);
    }
    ~CopyDisplay() {
        if (shown_) std::fputs("\r\x1b[K", stderr);
        if (progress_) progress_->enter(qapi::ProgressPhase::prepare, 0);
    }

    void show(uint64_t bytes) {
        constexpr auto kInterval = std::chrono::milliseconds(200);
        const auto now = Clock::now();
        if (now < next_) return;
        next_ = now + kInterval;
        if (style_ == ProgressStyle::json) progress_->show({.completed = bytes});
        if (!terminal_) return;
        const std::chrono::duration<double> passed = now - start_;
        std::fprintf(stderr, "\r%s: %s, %s\x1b[K", what_.c_str(), short_size_text(bytes).c_str(),
                     rate_text(bytes, passed.count()).c_str());
        shown_ = true;
    }

  private:
    std::string what_;
    CommandProgress* progress_;
    ProgressStyle style_;
    bool terminal_;
    bool shown_ = false;
    const Clock::time_point start_ = Clock::now();
    Clock::time_point next_ = start_;
};

using Source = std::shared_ptr<const vmcore::ByteSource>;

Result<Source> copied(const std::string& name, int fd, const InputOptions& options) {
    CopyDisplay display("copying " + util::printable(name), options);
    Source source =
        TRY(vmcore::copy_stream(name, fd, [&](uint64_t bytes) { display.show(bytes); }));
    return source;
}

/// A redirected file is read in place, unless another program has read its start.
Result<Source> open_stdin(const InputOptions& options) {
    const std::string name = "stdin";
    if (::isatty(STDIN_FILENO) == 1) return Error::make("stdin is a terminal, and no vmcore");
    struct stat status;
    const bool in_place = ::fstat(STDIN_FILENO, &status) == 0 && S_ISREG(status.st_mode) &&
                          ::lseek(STDIN_FILENO, 0, SEEK_CUR) == 0;
    if (!in_place) return copied(name, STDIN_FILENO, options);
    util::UniqueFd fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!fd) return Error::from_errno(errno, "opening stdin");
    Source source = TRY(vmcore::FileSource::of(name, std::move(fd)));
    return source;
}

/// Waits until the FIFO has a writer.
Result<Source> open_fifo(const std::string& path, const InputOptions& options) {
    const util::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return Error::from_errno(errno, "could not open '%s'", path.c_str());
    return copied(path, fd.get(), options);
}

bool is_stdin(const std::string& path) {
    return path == "-" || path == "/dev/stdin";
}

bool is_fifo(const std::string& path) {
    struct stat status;
    return ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
}

Result<Source> open_source(const std::string& path, const InputOptions& options) {
    if (is_stdin(path)) return open_stdin(options);
    if (is_fifo(path)) return open_fifo(path, options);
    Source source = TRY(vmcore::FileSource::open(path));
    return source;
}

/// nullptr if @path is not a file of a split set.
Source split_part(const std::string& path) {
    if (is_stdin(path) || is_fifo(path)) return nullptr;
    const auto file = vmcore::FileSource::open(path);
    return file && vmcore::is_split_part(**file) ? *file : nullptr;
}

}  // namespace

std::vector<InputPaths> group_operands(std::span<const std::string> operands) {
    std::vector<InputPaths> groups;
    Source previous;
    for (const std::string& path : operands) {
        Source file = split_part(path);
        if (file && previous && vmcore::is_same_split_set(*previous, *file)) {
            groups.back().push_back(path);
        } else {
            groups.push_back({path});
        }
        previous = std::move(file);
    }
    return groups;
}

Result<std::unique_ptr<vmcore::Vmcore>> open_input(const InputPaths& paths,
                                                   const InputOptions& options) {
    std::vector<Source> sources;
    for (const std::string& path : paths) {
        Source source = TRY(open_source(path, options));
        sources.push_back(std::move(source));
    }
    std::optional<CopyDisplay> display;
    vmcore::OpenOptions open = options.open;
    open.unpacking = [&](const char* packing, uint64_t bytes) {
        if (!display) {
            display.emplace(util::text("unpacking %s (%s)",
                                       util::printable(sources.front()->name()).c_str(), packing),
                            options);
        }
        display->show(bytes);
    };
    return vmcore::Vmcore::read(sources, open);
}

}  // namespace guestdump::tools
