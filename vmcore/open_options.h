// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace guestdump::vmcore {

/// How to open a vmcore.
struct OpenOptions {
    /// True: a file that was cut off, or that its writer did not complete, is opened as far as it
    /// goes. What it should hold and does not is in Contents::missing and in no block. False: a
    /// file that was cut off is an error, and pages that were never written are errors when they
    /// are read.
    bool partial = false;
};

}  // namespace guestdump::vmcore
