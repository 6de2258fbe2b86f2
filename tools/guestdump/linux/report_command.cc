// SPDX-License-Identifier: GPL-2.0-or-later
#include "qapi/marshal.h"
#include "tools/guestdump/command_options.h"
#include "tools/guestdump/guestdump_commands.h"
#include "tools/guestdump/linux/guest_source.h"
#include "view/report_view.h"

namespace guestdump::tools {

Result<int> report_command(int argc, char** argv) {
    GuestOptions guest("report", "print one line of JSON (GuestReport)");
    std::vector<GOptionEntry> entries = guest.entries();
    entries.push_back({});
    const Usage usage("[FILE]",
                      "Prints on one screen what a Linux guest was doing: in a vmcore, or in a "
                      "running QEMU.");
    const auto files = TRY(parse_command_line(argc, argv, usage, 0, 1, entries.data()));
    const util::Cancellation cancellation;
    const OpenGuest opened = TRY(guest.open(files, cancellation));
    const qapi::GuestReport report = view::report_view(*opened.look);
    return guest.answer(*opened.source, qapi::to_json(report), view::report_text(report),
                        std::nullopt);
}

}  // namespace guestdump::tools
