// SPDX-License-Identifier: GPL-2.0-or-later
#include "qapi/marshal.h"
#include "tools/guestdump/command_options.h"
#include "tools/guestdump/guestdump_commands.h"
#include "tools/guestdump/linux/guest_source.h"
#include "tools/guestdump/linux/task_options.h"
#include "view/task_view.h"

namespace guestdump::tools {

Result<int> ps_command(int argc, char** argv) {
    gboolean threads = FALSE, tree = FALSE;
    OptionText state;
    GuestOptions guest("ps", "print one line of JSON (GuestTasks)");
    std::vector<GOptionEntry> entries = guest.entries();
    const std::vector<GOptionEntry> own = {
        {"threads", 0, 0, G_OPTION_ARG_NONE, &threads, "list all threads of each process", nullptr},
        {"tree", 0, 0, G_OPTION_ARG_NONE, &tree, "list children under their parents", nullptr},
        {"state", 0, 0, G_OPTION_ARG_STRING, state.address(),
         "only tasks in this state, such as D; all threads", "LETTER"},
        {},
    };
    entries.insert(entries.end(), own.begin(), own.end());
    const Usage usage("[FILE]",
                      "Lists the tasks of a Linux guest: in a vmcore, or in a running QEMU.");
    const auto files = TRY(parse_command_line(argc, argv, usage, 0, 1, entries.data()));
    view::TaskFilter filter;
    filter.state = TRY(parse_state(state));
    filter.threads = threads || filter.state;
    const util::Cancellation cancellation;
    const OpenGuest opened = TRY(guest.open(files, cancellation));
    const qapi::GuestTasks tasks = TRY(view::tasks_view(opened.look->kernel(), filter));
    return guest.answer(*opened.source, qapi::to_json(tasks),
                        view::tasks_text(tasks, filter.threads, tree != FALSE), tasks.incomplete);
}

}  // namespace guestdump::tools
