// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/main_loop.h"

#include <glib.h>

#include <utility>

namespace monitor {
namespace {

using Function = std::function<void()>;

gboolean run(gpointer function) {
    (*static_cast<Function*>(function))();
    return G_SOURCE_REMOVE;
}

void release(gpointer function) {
    delete static_cast<Function*>(function);
}

}  // namespace

void post_to_main_loop(Function function) {
    // Not g_main_context_invoke(), which would run it at once where the caller owns the main loop.
    g_idle_add_full(G_PRIORITY_DEFAULT, &run, new Function(std::move(function)), &release);
}

}  // namespace monitor
