// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::util {

/// A flag that one thread raises and another waits for with poll(). Any thread.
class Wakeup {
  public:
    /// Errors: the system has no descriptors left.
    static Result<Wakeup> create();

    void raise() const;

    /// Stays true until take().
    bool is_raised() const;

    /// Lowers the flag. True if it was raised.
    bool take() const;

    /// For poll(): readable while the flag is raised. Owned by this object.
    int fd() const { return event_.get(); }

  private:
    explicit Wakeup(UniqueFd event) : event_(std::move(event)) {}

    UniqueFd event_;  ///< an eventfd
};

/// Waits until poll() reports @events, a hangup or an error for @fd (never, if it is -1), or until
/// @stop, the descriptor of a Wakeup, is readable (never, if it is -1). Returns false because of
/// @stop, also if both are ready. Errors: those of poll() except EINTR.
Result<bool> wait_for(int fd, short events, int stop);

}  // namespace guestdump::util
