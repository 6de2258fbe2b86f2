// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/dump/write_vmcore.h"

#include <cstdio>
#include <string>

#include "dump/snapshot.h"
#include "dump/writer.h"
#include "tools/guestdump/progress_line.h"
#include "util/text.h"

namespace guestdump::tools {

Result<> write_vmcore(const vmcore::Vmcore& vmcore, std::optional<guest::LiveMoment> moment,
                      const dump::Request& request, dump::Sink& sink, dump::Progress& progress,
                      CommandProgress& shown) {
    dump::Capture capture = TRY(dump::Capture::of(vmcore));
    capture.moment = moment;
    const dump::Snapshot snapshot =
        TRY(dump::Snapshot::prepare(capture, request, progress.cancellation()));
    for (const auto* list : {&vmcore.contents().warnings, &snapshot.warnings})
        for (const std::string& warning : *list)
            std::fprintf(stderr, "warning: %s\n", util::printable(warning).c_str());
    const auto writer = TRY(dump::make_writer(snapshot, request));
    shown.enter(qapi::ProgressPhase::memory, snapshot.total_bytes());
    const ProgressLine line(progress, snapshot.total_bytes(), shown);
    TRY(writer->begin(sink, progress));
    TRY(writer->iterate(*snapshot.memory, sink, progress));
    TRY(writer->completed(sink));
    return progress.check();
}

}  // namespace guestdump::tools
