// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/live/live_snapshot.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "attach/live/conclusion.h"
#include "attach/live/migration.h"

namespace guestdump::attach {
namespace {

using namespace std::chrono_literals;

/// Interval between questions about the progress.
constexpr auto kLook = 200ms;

/// The events come ahead of QEMU's answers, but libvirt passes them on when it has time.
constexpr auto kPatience = 5s;

/// Waits for the stream's end, the interrupt, or kLook. True: interrupted.
Result<bool> wait_for_end(const Spool& spool, int interrupt) {
    std::array<pollfd, 2> waits = {{
        {.fd = spool.ended_fd(), .events = POLLIN, .revents = 0},
        {.fd = interrupt, .events = POLLIN, .revents = 0},
    }};
    constexpr int kMilliseconds = std::chrono::milliseconds(kLook).count();
    const int ready = ::poll(waits.data(), waits.size(), kMilliseconds);
    if (ready < 0 && errno != EINTR) return Error::from_errno(errno, "awaiting QEMU's stream");
    return ready > 0 && waits[1].revents != 0;
}

/// The stream has ended, and @end is how QEMU says it did.
Result<> check_whole(const MigrationState& end) {
    if (end.status == "completed") return {};
    const std::string why = end.reason.empty() ? end.status : end.reason;
    return Error::make("QEMU's background snapshot has failed: %s", why.c_str());
}

Error interrupted() {
    return Error::from_errno(EINTR, "awaiting QEMU's stream");
}

}  // namespace

Result<std::unique_ptr<LiveSnapshot>> LiveSnapshot::prepare(Emulator& emulator, LiveFit fit) {
    std::array<int, 2> ends;
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Error::from_errno(errno, "creating a pipe");
    std::unique_ptr<LiveSnapshot> snapshot(new LiveSnapshot(
        emulator, std::move(fit), util::UniqueFd(ends[0]), util::UniqueFd(ends[1])));
    // The kernel gives unprivileged users less; then the guest waits for us more often.
    constexpr int kPipe = 1 << 20;
    (void)::fcntl(ends[1], F_SETPIPE_SZ, kPipe);
    Drainer drainer = TRY(Drainer::start(emulator, snapshot->fit_, ends[0]));
    snapshot->drainer_.emplace(std::move(drainer));
    return snapshot;
}

Result<LiveStream> LiveSnapshot::record(const RecordOptions& options) {
    const std::unique_ptr<Spool> spool = TRY(Spool::create(options.directory, fit_.most_bytes));
    emulator_.interrupt_by(options.interrupt);
    TRY(read_stream(*spool));
    Result<> done = begin();
    if (done) done = follow(*spool, options);
    emulator_.interrupt_by(-1);
    // On an error in these the drainer takes over when this object ends.
    if (refused_) TRY(take_back_pipe());
    if (!done && !refused_) TRY(give_up(*spool, options));
    if (done) {
        const MigrationState end = TRY(conclude_snapshot(emulator_, fit_));
        done = check_whole(end);
    }
    drainer_->dismiss();
    if (!done) return std::move(done).take_error();
    LiveStream stream;
    stream.bytes = TRY(spool->take("the stream of '" + emulator_.name() + "'"));
    stream.addresses = fit_.addresses;
    // The stream is whole without it.
    const Result<guest::LiveMoment> known = moment();
    if (known) {
        stream.moment = *known;
    } else {
        stream.warnings.push_back("the dump does not record when the guest stood still: " +
                                  known.error().message());
    }
    return stream;
}

Result<> LiveSnapshot::read_stream(Spool& spool) {
    return spool.start(output_.get(), [this] { return free_hanging_guest(); });
}

/// Errors: there was a hanging guest to free.
Result<> LiveSnapshot::free_hanging_guest() const {
    const bool hung = TRY(free_guest(fit_));
    if (!hung) return {};
    return Error::make("QEMU's guest hung, and was freed: its snapshot is broken");
}

/// Errors: QEMU refuses; the way to it is broken, or the wait was interrupted.
Result<> LiveSnapshot::begin() {
    TRY(emulator_.watch_events());
    Result<> done = fit_.was_on ? Result<>() : set_background_snapshot(emulator_, true);
    if (done) {
        done = emulator_.pass(kStreamName, input_.get());
        refused_ = !done;  // by libvirt before 8.2, for one; nothing has begun
    }
    if (done) input_.reset();
    if (done) done = begin_migration(emulator_, kStreamName);
    // After another error, such as a lost reply, QEMU may be making the snapshot.
    refused_ = refused_ || (!done && done.error().kind() == Error::Kind::refused);
    return done;
}

/// Nothing has begun.
Result<> LiveSnapshot::take_back_pipe() {
    input_.reset();
    // QEMU may have closed the descriptor when it refused. Closing it again is then an error, which
    // is ignored.
    (void)close_descriptor(emulator_, kStreamName);
    return fit_.was_on ? Result<>() : set_background_snapshot(emulator_, false);
}

/// Returns when the stream has ended. Errors: it cannot be kept; interrupted; those of Emulator.
Result<> LiveSnapshot::follow(const Spool& spool, const RecordOptions& options) {
    uint64_t seen = 0;
    while (!spool.has_ended()) {
        emulator_.keep_watching();
        const bool unwanted = TRY(wait_for_end(spool, options.interrupt));
        if (unwanted) return interrupted();
        if (const std::optional<Error> failure = spool.failure()) return *failure;
        // QEMU answers nothing while a vCPU that has its main lock waits for a page. So it is only
        // asked while the stream flows.
        if (spool.received() != seen) TRY(look(options));
        seen = spool.received();
    }
    return {};
}

Result<> LiveSnapshot::look(const RecordOptions& options) {
    if (!options.progress) return {};
    const MigrationState state = TRY(query_migration(emulator_));
    if (state.total != 0) options.progress(state.total - state.remaining, state.total);
    return {};
}

/// The stream is not wanted, but the guest is to go on.
Result<> LiveSnapshot::give_up(Spool& spool, const RecordOptions& options) {
    spool.drop();
    if (fit_.mended) {
        // It may just have ended.
        (void)emulator_.ask("migrate_cancel");
    } else if (!spool.has_ended() && options.tell) {
        options.tell("this QEMU must send the rest of its stream before it lets go");
    }
    input_.reset();
    TRY(await_stream_end(emulator_, spool));
    TRY(conclude_snapshot(emulator_, fit_));
    return {};
}

/// Errors: an event has not come, or has no time.
Result<guest::LiveMoment> LiveSnapshot::moment() {
    const auto stop = TRY(emulator_.take_event("STOP", kPatience));
    if (!stop || *stop <= 0) return Error::make("QEMU's event STOP has not come");
    const auto resume = TRY(emulator_.take_event("RESUME", kPatience));
    if (!resume || *resume <= 0) return Error::make("QEMU's event RESUME has not come");
    constexpr int64_t kSecond = 1000000;  // in microseconds
    // The host's clock may have been set back between the two.
    const int64_t stopped = std::max<int64_t>(*resume - *stop, 0);
    return guest::LiveMoment{.seconds = *stop / kSecond,
                             .nanoseconds = static_cast<uint32_t>(*stop % kSecond * 1000),
                             .stopped_us = static_cast<uint64_t>(stopped)};
}

}  // namespace guestdump::attach
