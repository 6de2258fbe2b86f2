// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/transport/main_loop.h"

#include <glib.h>

#include <atomic>
#include <cassert>
#include <utility>

namespace guestdump::monitor {
namespace {

struct Posted {
    std::function<void()> function;
    // GLib orders the two threads' accesses. ThreadSanitizer cannot see that, so this makes it
    // visible.
    std::atomic<bool> is_whole = false;
};

gboolean run(gpointer data) {
    auto* const posted = static_cast<Posted*>(data);
    assert(posted->is_whole.load(std::memory_order_acquire));
    posted->function();
    return G_SOURCE_REMOVE;
}

void release(gpointer data) {
    auto* const posted = static_cast<Posted*>(data);
    assert(posted->is_whole.load(std::memory_order_acquire));  // the function may not have run
    delete posted;
}

}  // namespace

void post_to_main_loop(std::function<void()> function) {
    auto* const posted = new Posted{std::move(function)};
    posted->is_whole.store(true, std::memory_order_release);
    // Not g_main_context_invoke(): called on the main loop's own thread it would run the function
    // at once.
    g_idle_add_full(G_PRIORITY_DEFAULT, &run, posted, &release);
}

}  // namespace guestdump::monitor
