// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/dump/live_qemu_dump.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "attach/live/live_snapshot.h"
#include "dump/arguments.h"
#include "dump/writer.h"
#include "tools/guestdump/dump/local_target.h"
#include "tools/guestdump/dump/write_vmcore.h"
#include "tools/guestdump/signal_watch.h"
#include "tools/info_text.h"
#include "util/text.h"
#include "vmcore/stream_copy.h"

namespace guestdump::tools {
namespace {

using Clock = std::chrono::steady_clock;

/// For QEMU's stream: the target's folder, unless TMPDIR names another or the target is no file.
std::string spool_directory(const std::string& path, bool is_file) {
    const char* const chosen = std::getenv("TMPDIR");
    if ((chosen && *chosen) || !is_file) return vmcore::stream_copy_directory();
    const size_t slash = path.rfind('/');
    if (slash == path.npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

/// How the attempt at a live dump ended.
struct Attempt {
    int status = 0;                     ///< of the program, unless refused
    std::optional<Error> refused = {};  ///< why QEMU makes no snapshot
};

/// A live dump from its request to its end.
class LiveQemuDump {
  public:
    LiveQemuDump(const dump::Request& request, std::string path, Manner manner,
                 CommandProgress& shown)
        : request_(request), path_(std::move(path)), manner_(manner), shown_(shown) {}

    Result<Attempt> run(attach::Emulator& emulator, attach::LiveFit fit,
                        const std::optional<DumpTarget>& target) {
        directory_ = spool_directory(path_, !target);
        announce(fit.most_bytes);
        // Before this line a signal may end the program, because there is no file to clean up yet.
        Signals signals = TRY(Signals::hold());
        const auto sink = TRY(open_local_sink(path_, target));
        TRY(dump::check_target(request_, *sink));
        const auto snapshot = TRY(attach::LiveSnapshot::prepare(emulator, std::move(fit)));
        const util::Wakeup unwanted = TRY(util::Wakeup::create());
        dump::Progress progress;
        const auto watch = TRY(SignalWatch::start(std::move(signals), [&] {
            unwanted.raise();
            progress.cancel();
            sink->interrupt();
        }));
        Result<> done = record(*snapshot, unwanted);
        if (snapshot->refused()) return Attempt{.refused = std::move(done).take_error()};
        if (done) done = write(*sink, progress);
        if (done) {
            shown_.enter(qapi::ProgressPhase::commit);
            done = sink->commit();
        }
        if (done) {
            // The file has its name and stays, so the exit status must report success.
            Signals::ignore();
            report(size_of_file(path_, target));
            return Attempt{};
        }
        const std::optional<int> signal = watch->taken();
        if (!signal) return std::move(done).take_error();
        std::fprintf(stderr, "guestdump dump: cancelled\n");
        return Attempt{.status = status_of_signal(*signal)};
    }

  private:
    double passed() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

    void announce(uint64_t most) const {
        if (manner_.progress != ProgressStyle::people) return;
        std::fprintf(stderr,
                     "guestdump dump: QEMU's stream goes to a file without a name in '%s', of at "
                     "most %s\n",
                     util::printable(directory_).c_str(), short_size_text(most).c_str());
    }

    Result<> record(attach::LiveSnapshot& snapshot, const util::Wakeup& unwanted) {
        shown_.enter(qapi::ProgressPhase::copy);
        attach::RecordOptions options;
        options.directory = directory_;
        options.interrupt = unwanted.fd();
        options.progress = [this](uint64_t done, uint64_t total) {
            shown_.show({.completed = done, .total = total});
        };
        options.tell = [this](const std::string& sentence) {
            shown_.clear();
            std::fprintf(stderr,
                         "guestdump dump: %s; another signal leaves that to a process in "
                         "the background\n",
                         sentence.c_str());
        };
        Result<attach::LiveStream> stream = snapshot.record(options);
        shown_.clear();
        if (!stream) return std::move(stream).take_error();
        stream_ = std::move(stream).take();
        for (const std::string& warning : stream_.warnings)
            std::fprintf(stderr, "warning: %s\n", util::printable(warning).c_str());
        return {};
    }

    Result<> write(dump::Sink& sink, dump::Progress& progress) {
        vmcore::OpenOptions options;
        options.cancellation = &progress.cancellation();
        options.addresses = stream_.addresses;
        const auto vmcore = TRY(vmcore::Vmcore::read(stream_.bytes, options));
        return write_vmcore(*vmcore, stream_.moment, request_, sink, progress, shown_);
    }

    void report(uint64_t size) const {
        DumpResult result{.path = path_, .size = size, .seconds = passed()};
        if (stream_.moment) result.stopped = static_cast<double>(stream_.moment->stopped_us) / 1e6;
        tools::report(result, manner_);
    }

    const dump::Request& request_;
    std::string path_, directory_;
    Manner manner_;
    CommandProgress& shown_;
    const Clock::time_point start_ = Clock::now();
    attach::LiveStream stream_;
};

/// Falls back to an ordinary dump, because a live one fails for the reason @why. Errors: @wish does
/// not allow that.
Result<std::optional<int>> stop_instead(Error why, LiveWish wish) {
    if (!wish.fallback) {
        return Error::make("live dump: %s; --live-fallback stops the guest for its dump",
                           why.message().c_str());
    }
    std::fprintf(stderr, "warning: the guest is stopped for its dump: %s\n",
                 util::printable(why.message()).c_str());
    return std::optional<int>();
}

}  // namespace

Result<std::optional<int>> dump_qemu_live(attach::Emulator& emulator,
                                          const qapi::DumpGuestMemoryArguments& arguments,
                                          LiveWish wish, const std::string& path,
                                          const std::optional<DumpTarget>& target, Manner manner,
                                          CommandProgress& shown) {
    const dump::Request request = TRY(dump::parse_request(arguments));
    attach::LiveProspect prospect = TRY(attach::examine_live(emulator, wish.forced));
    if (prospect.why_not) return stop_instead(*std::move(prospect.why_not), wish);
    if (prospect.stands_still) {
        if (manner.progress == ProgressStyle::people)
            std::fprintf(stderr, "guestdump dump: the guest stands still: it is dumped as it is\n");
        return std::optional<int>();
    }
    LiveQemuDump dump(request, path, manner, shown);
    Attempt attempt = TRY(dump.run(emulator, *std::move(prospect.fit), target));
    if (attempt.refused) return stop_instead(*std::move(attempt.refused), wish);
    return std::optional(attempt.status);
}

}  // namespace guestdump::tools
