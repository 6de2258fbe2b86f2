// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/dump/attached_dump.h"

#include <cerrno>
#include <chrono>
#include <cstdio>

#include "dump/writer.h"
#include "tools/guestdump/dump/dump_result.h"
#include "tools/guestdump/dump/local_target.h"
#include "tools/guestdump/dump/write_vmcore.h"
#include "tools/guestdump/signal_watch.h"

namespace guestdump::tools {
namespace {

using Clock = std::chrono::steady_clock;

/// A dump from its request to its end.
class AttachedDump {
  public:
    AttachedDump(const dump::Request& request, std::string path, Manner manner,
                 CommandProgress& shown)
        : request_(request), path_(std::move(path)), manner_(manner), shown_(shown) {}

    /// Writes the dump of @vmcore to @sink, which is then complete but not yet committed.
    Result<> write(const vmcore::Vmcore& vmcore, dump::Sink& sink, dump::Progress& progress) {
        return write_vmcore(vmcore, std::nullopt, request_, sink, progress, shown_);
    }

    /// Releases the guest, also if @written is an error.
    Result<> release(attach::HeldGuest& held, Result<> written) {
        if (written) written = held.check();
        const attach::HeldGuest::Release end = held.release();
        if (held.ran()) stopped_ = end.seconds;
        if (!end.seen_to_end) {
            std::fprintf(stderr, "warning: QEMU did not report the end of its dump\n");
        }
        return written;
    }

    /// Prints the result of the dump, as the options request. @size: size of the file, bytes; 0 if
    /// the target is not a file.
    void report(uint64_t size) const {
        const std::chrono::duration<double> passed = Clock::now() - start_;
        tools::report({.path = path_, .size = size, .seconds = passed.count(), .stopped = stopped_},
                      manner_);
    }

  private:
    const dump::Request& request_;
    std::string path_;
    Manner manner_;
    CommandProgress& shown_;
    const Clock::time_point start_ = Clock::now();
    std::optional<double> stopped_;
};

int cancelled(int signal) {
    std::fprintf(stderr, "guestdump dump: cancelled\n");
    return status_of_signal(signal);
}

}  // namespace

Result<int> dump_attached(attach::Emulator& emulator, attach::Process process,
                          const dump::Request& request, const std::string& path,
                          std::optional<DumpTarget> target, Manner manner, CommandProgress& shown) {
    // Until here a signal may end the program, because there is no file to clean up yet.
    Signals signals = TRY(Signals::hold());
    const auto sink = TRY(open_local_sink(path, target));
    TRY(dump::check_target(request, *sink));
    AttachedDump dump(request, path, manner, shown);
    auto held = attach::HeldGuest::enter(emulator, std::move(process), signals.fd());
    if (!held) {
        const bool interrupted = held.error().os_error() == EINTR;
        const std::optional<int> signal = interrupted ? signals.take() : std::nullopt;
        if (signal) return cancelled(*signal);
        return std::move(held).take_error();
    }
    dump::Progress progress;
    const auto watch = TRY(SignalWatch::start(std::move(signals), progress, *sink));
    Result<> written = dump.write((*held)->vmcore(), *sink, progress);
    written = dump.release(**held, std::move(written));
    if (written) {
        shown.enter(qapi::ProgressPhase::commit);
        written = sink->commit();
    }
    if (written) {
        // The file has its name and stays, so the exit status must report success.
        Signals::ignore();
        dump.report(size_of_file(path, target));
        return 0;
    }
    if (const std::optional<int> signal = watch->taken()) return cancelled(*signal);
    return std::move(written).take_error();
}

}  // namespace guestdump::tools
