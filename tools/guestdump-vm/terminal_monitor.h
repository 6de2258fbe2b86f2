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

/// The human monitor for a person at this process's terminal: lines are edited and completed on a
/// thread of their own, so that waiting for a key holds up nobody, and run on the main loop. A dump
/// that is waited for shows how far it is; Ctrl-C cancels it, or an estimate that is waited for.
/// Whoever makes this holds a TerminalMode.
///
/// Main loop; what the thread calls says so.
class TerminalMonitor {
  public:
    /// @services must outlive this. Errors: the system has no descriptor to give.
    static util::Result<std::unique_ptr<TerminalMonitor>> open(monitor::Services& services);
    ~TerminalMonitor();

  private:
    TerminalMonitor(monitor::Services& services, util::Wakeup wake, util::Wakeup answered);

    void read_lines();              ///< the thread
    std::string wait_for_answer();  ///< the thread
    static gboolean look(gpointer self);
    void ask(const std::string& line);
    void answer(const std::string& output);
    void cancel();
    void show_progress();
    void stop_progress();

    monitor::Monitor monitor_;
    util::Wakeup wake_;      ///< the thread is to end
    util::Wakeup answered_;  ///< the command has replied
    ProgressDisplay display_;
    guint progress_source_ = 0;
    gint64 asked_at_ = 0;                        ///< microseconds
    bool waits_ = false;                         ///< a command has not replied yet
    bool dumps_ = false;                         ///< it has begun the dump under way
    util::WeakThis<TerminalMonitor> weak_this_;  ///< for what the thread posts
    std::jthread thread_;                        ///< last: it uses the rest
};

}  // namespace guestdump::tools
