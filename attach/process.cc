// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cinttypes>
#include <memory>
#include <string_view>

namespace guestdump::attach {
namespace {

/// The ID of a thread in its own PID namespace: the last number in the line "NSpid:". [proc(5)]
std::string_view innermost_number(std::string_view status) {
    const size_t line = status.find("\nNSpid:");
    if (line == std::string_view::npos) return {};
    std::string_view numbers = status.substr(line + 1);
    numbers = numbers.substr(0, numbers.find('\n'));
    return numbers.substr(numbers.find_last_of("\t :") + 1);
}

Result<util::UniqueFd> open_path(const std::string& path) {
    util::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return Error::from_errno(errno, "cannot open '%s'", path.c_str());
    return fd;
}

}  // namespace

Result<std::string> text_of(const std::string& path) {
    const util::UniqueFd fd = TRY(open_path(path));
    std::string text;
    std::array<char, 16384> part;
    while (true) {
        const ssize_t got = ::read(fd.get(), part.data(), part.size());
        if (got < 0) return Error::from_errno(errno, "cannot read '%s'", path.c_str());
        if (got == 0) return text;
        text.append(part.data(), static_cast<size_t>(got));
    }
}

Result<Process> Process::open(pid_t pid) {
    util::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd) return Error::from_errno(errno, "cannot open process %d", static_cast<int>(pid));
    return Process(pid, std::move(pidfd));
}

Result<> Process::check_alive() const {
    pollfd ended{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&ended, 1, 0) > 0)
        return Error::make("process %d has ended", static_cast<int>(pid_));
    return {};
}

Error Process::cannot_read(int os_error) const {
    if (os_error == ESRCH) return Error::make("process %d has ended", static_cast<int>(pid_));
    return Error::from_errno(os_error, "cannot read process %d", static_cast<int>(pid_));
}

Result<> Process::check_readable() const {
    // Nothing is mapped at this address, so the kernel returns EFAULT if it permits the access.
    std::byte none;
    iovec local{.iov_base = &none, .iov_len = 1};
    iovec remote{.iov_base = reinterpret_cast<void*>(uintptr_t{1}), .iov_len = 1};
    if (::process_vm_readv(pid_, &local, 1, &remote, 1, 0) < 0 && errno != EFAULT)
        return cannot_read(errno);
    return check_alive();
}

bool Process::has_thread(pid_t thread) const {
    const std::string folder = path("task");
    const std::unique_ptr<DIR, int (*)(DIR*)> tasks(::opendir(folder.c_str()), ::closedir);
    if (!tasks) return false;
    const std::string wanted = std::to_string(thread);
    while (const dirent* task = ::readdir(tasks.get())) {
        if (task->d_name[0] == '.') continue;
        const Result<std::string> status = text(std::string("task/") + task->d_name + "/status");
        if (status && innermost_number(*status) == wanted) return true;
    }
    return false;
}

Result<> Process::read(uint64_t address, std::span<std::byte> out) const {
    size_t done = 0;
    while (done < out.size()) {
        iovec local{.iov_base = out.data() + done, .iov_len = out.size() - done};
        iovec remote{.iov_base = reinterpret_cast<void*>(address + done),
                     .iov_len = out.size() - done};
        const ssize_t got = ::process_vm_readv(pid_, &local, 1, &remote, 1, 0);
        if (got < 0 && errno != EFAULT) return cannot_read(errno);
        if (got <= 0) {
            TRY(check_alive());
            return Error::make("process %d has no memory at 0x%" PRIx64
                               ", 0x%zx of 0x%zx bytes were read",
                               static_cast<int>(pid_), address + done, done, out.size());
        }
        done += static_cast<size_t>(got);
    }
    return {};
}

std::string Process::path(const std::string& name) const {
    return "/proc/" + std::to_string(pid_) + "/" + name;
}

Result<util::UniqueFd> Process::open_file(const std::string& name) const {
    return open_path(path(name));
}

Result<std::string> Process::text(const std::string& name) const {
    return text_of(path(name));
}

}  // namespace guestdump::attach
