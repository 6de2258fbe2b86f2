// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "tools/guestdump/copy_display.h"
#include "util/text.h"
#include "vmcore/kdump/split_set.h"
#include "vmcore/stream_copy.h"

namespace guestdump::tools {
namespace {

using Source = std::shared_ptr<const vmcore::ByteSource>;

std::string into_temporary_file(const std::string& action) {
    return util::text("%s into a temporary file in %s", action.c_str(),
                      util::printable(vmcore::stream_copy_directory()).c_str());
}

bool is_stdin(const std::string& path) {
    return path == "-" || path == "/dev/stdin";
}

bool is_fifo(const std::string& path) {
    struct stat status;
    return ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
}

/// A redirected file is read in place, unless another program has read its start.
bool is_readable_in_place(int fd) {
    struct stat status;
    return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && ::lseek(fd, 0, SEEK_CUR) == 0;
}

Result<util::UniqueFd> copy_of_stdin() {
    util::UniqueFd fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!fd) return Error::from_errno(errno, "opening stdin");
    return fd;
}

Result<Source> copied(vmcore::InputStream stream, const InputOptions& options) {
    CopyDisplay display(options.command,
                        into_temporary_file("copying " + util::printable(stream.name())),
                        options.progress);
    Source source =
        TRY(vmcore::copy_stream(std::move(stream), [&](uint64_t bytes) { display.show(bytes); }));
    return source;
}

Result<Source> open_source(const std::string& path, const InputOptions& options) {
    auto stream = TRY(open_stream(path));
    if (stream) return copied(*std::move(stream), options);
    if (!is_stdin(path)) {
        Source source = TRY(vmcore::FileSource::open(path));
        return source;
    }
    util::UniqueFd fd = TRY(copy_of_stdin());
    Source source = TRY(vmcore::FileSource::of("stdin", std::move(fd)));
    return source;
}

/// nullptr if @path is not a file of a split set.
Source split_part(const std::string& path) {
    if (is_stdin(path) || is_fifo(path)) return nullptr;
    const auto file = vmcore::FileSource::open(path);
    return file && vmcore::is_split_part(**file) ? *file : nullptr;
}

Result<std::unique_ptr<vmcore::Vmcore>> open_sources(const std::vector<Source>& sources,
                                                     const InputOptions& options) {
    std::optional<CopyDisplay> display;
    vmcore::OpenOptions open = options.open;
    open.unpacking = [&](const char* packing, uint64_t bytes) {
        if (!display) {
            display.emplace(options.command,
                            into_temporary_file(util::text(
                                "unpacking %s (%s)",
                                util::printable(sources.front()->name()).c_str(), packing)),
                            options.progress);
        }
        display->show(bytes);
    };
    return vmcore::Vmcore::read(sources, open);
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

Result<std::optional<vmcore::InputStream>> open_stream(const std::string& path) {
    if (is_stdin(path)) {
        if (::isatty(STDIN_FILENO) == 1) return Error::make("stdin is a terminal, and no vmcore");
        if (is_readable_in_place(STDIN_FILENO)) return std::optional<vmcore::InputStream>();
        util::UniqueFd fd = TRY(copy_of_stdin());
        return std::optional(vmcore::InputStream("stdin", std::move(fd)));
    }
    if (!is_fifo(path)) return std::optional<vmcore::InputStream>();
    util::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return Error::from_errno(errno, "could not open '%s'", path.c_str());
    return std::optional(vmcore::InputStream(path, std::move(fd)));
}

Result<std::unique_ptr<vmcore::Vmcore>> open_input(vmcore::InputStream stream,
                                                   const InputOptions& options) {
    Source source = TRY(copied(std::move(stream), options));
    return open_sources({std::move(source)}, options);
}

Result<std::unique_ptr<vmcore::Vmcore>> open_input(const InputPaths& paths,
                                                   const InputOptions& options) {
    std::vector<Source> sources;
    for (const std::string& path : paths) {
        Source source = TRY(open_source(path, options));
        sources.push_back(std::move(source));
    }
    return open_sources(sources, options);
}

}  // namespace guestdump::tools
