// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/live/spool.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cinttypes>
#include <span>
#include <vector>

#include "util/nameless_file.h"
#include "util/write_at.h"

namespace guestdump::attach {
namespace {

constexpr size_t kAtOnce = size_t{1} << 20;

}  // namespace

Result<std::unique_ptr<Spool>> Spool::create(std::string directory, uint64_t limit) {
    util::UniqueFd file = TRY(util::make_nameless_file(directory));
    util::Wakeup ended = TRY(util::Wakeup::create());
    util::Wakeup stopped = TRY(util::Wakeup::create());
    return std::unique_ptr<Spool>(new Spool(std::move(directory), limit, std::move(file),
                                            std::move(ended), std::move(stopped)));
}

Result<std::unique_ptr<Spool>> Spool::to_nowhere() {
    util::Wakeup ended = TRY(util::Wakeup::create());
    util::Wakeup stopped = TRY(util::Wakeup::create());
    std::unique_ptr<Spool> spool(
        new Spool({}, 0, util::UniqueFd(), std::move(ended), std::move(stopped)));
    spool->drop();
    return spool;
}

Spool::~Spool() {
    stopped_.raise();
    thread_.join();
}

Result<> Spool::start(int pipe, std::function<Result<>()> idle) {
    idle_ = std::move(idle);
    thread_ = TRY(util::Thread::start([this, pipe] {
        if (Result<> drained = drain(pipe); !drained) fail(std::move(drained).take_error());
        ended_.raise();
    }));
    return {};
}

std::optional<Error> Spool::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

void Spool::fail(Error why) {
    drop();
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(why);
}

Result<> Spool::drain(int pipe) {
    std::vector<std::byte> buffer(kAtOnce);
    while (true) {
        const bool came = TRY(wait_for_data(pipe));
        if (!came) return Error::make("QEMU's stream was left before its end");
        const ssize_t got = ::read(pipe, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Error::from_errno(errno, "reading QEMU's stream");
        if (got == 0) return {};
        const auto bytes = std::span(buffer).first(static_cast<size_t>(got));
        // A full disk must not keep QEMU waiting: what follows is dropped.
        Result<> kept = keeps_ ? keep(bytes) : Result<>();
        if (!kept) fail(std::move(kept).take_error());
        received_ += bytes.size();
    }
}

/// False: the thread is to end.
Result<bool> Spool::wait_for_data(int pipe) {
    constexpr int kPatience = std::chrono::milliseconds(kIdle).count();
    while (true) {
        std::array<pollfd, 2> waits = {{
            {.fd = pipe, .events = POLLIN, .revents = 0},
            {.fd = stopped_.fd(), .events = POLLIN, .revents = 0},
        }};
        const int ready = ::poll(waits.data(), waits.size(), idle_ ? kPatience : -1);
        if (ready < 0 && errno != EINTR) return Error::from_errno(errno, "awaiting QEMU's stream");
        if (ready > 0) return waits[1].revents == 0;
        Result<> done = ready == 0 ? idle_() : Result<>();
        if (!done) fail(std::move(done).take_error());
    }
}

Result<> Spool::keep(std::span<const std::byte> bytes) {
    const uint64_t offset = received_;
    if (bytes.size() > limit_ - std::min(limit_, offset)) {
        return Error::make("QEMU sends more than the 0x%" PRIx64 " bytes that its guest can have",
                           limit_);
    }
    const int failed = util::write_at(file_.get(), offset, bytes);
    if (failed == 0) return {};
    return Error::from_errno(failed,
                             "writing 0x%zx bytes of QEMU's stream at 0x%" PRIx64
                             " to a file in '%s' (TMPDIR names another directory)",
                             bytes.size(), offset, directory_.c_str());
}

Result<std::shared_ptr<const vmcore::FileSource>> Spool::take(std::string name) {
    thread_.join();
    if (failure_) return *failure_;
    return vmcore::FileSource::of(std::move(name), std::move(file_));
}

}  // namespace guestdump::attach
