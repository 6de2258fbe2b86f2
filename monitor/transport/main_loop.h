// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>

namespace guestdump::monitor {

/// Runs @function on the main loop, soon. Functions run in the order of the calls. Any thread.
void post_to_main_loop(std::function<void()> function);

}  // namespace guestdump::monitor
