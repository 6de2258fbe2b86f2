// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <glib.h>

#include <memory>
#include <string>
#include <thread>

#include "monitor/monitor.h"
#include "tools/guestdump-vm/line_editor.h"
#include "tools/progress_display.h"
#include "util/wakeup.h"
#include "util/weak_this.h"

namespace guestdump::tools {

/// The HMP monitor for a person at this process's terminal. Lines are edited and completed on a
/// separate thread, so that waiting for a key blocks nothing else, and commands run on the main
/// loop. While a command waits for a dump, its progress is shown; Ctrl-C cancels the dump, or the
/// estimate that the command waits for. The owner must hold a TerminalMode.
///
/// Main loop, except the functions marked as the thread's.
class TerminalMonitor {
  public:
    /// @services must outlive this. Errors: the system has no descriptors left.
    static util::Result<std::unique_ptr<TerminalMonitor>> open(monitor::Services& services);
    ~TerminalMonitor();

  private:
    TerminalMonitor(monitor::Services& services, util::Wakeup wake, util::Wakeup answered);

    void read_lines();              ///< runs on the thread
    std::string wait_for_answer();  ///< runs on the thread
    static gboolean look(gpointer self);
    void ask(const std::string& line);
    void answer(const std::string& output);
    void cancel();
    void show_progress();
    void stop_progress();

    monitor::Monitor monitor_;
    util::Wakeup wake_;      ///< ends the thread
    util::Wakeup answered_;  ///< the command has replied
    ProgressDisplay display_;
    guint progress_source_ = 0;
    gint64 asked_at_ = 0;                        ///< in microseconds
    bool waits_ = false;                         ///< a command has not replied yet
    bool dumps_ = false;                         ///< that command started the dump under way
    util::WeakThis<TerminalMonitor> weak_this_;  ///< for functions that the thread posts
    std::jthread thread_;                        ///< last: it uses the other members
};

}  // namespace guestdump::tools
