// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>

#include "util/result.h"

/// What is large is allocated where it can be refused (util/mapped_array.h). What is small is
/// allocated by libraries, GLib and libstdc++, that end the process where malloc() has nothing, and
/// with it the guest. So the heap has some to spare before there is anything to lose: address space
/// that the host has promised, of which it gives pages only when they are used.
///
/// Both functions change how glibc's malloc() works in the whole process; with another malloc()
/// they do nothing.

namespace guestdump::tools {

/// Bytes that a dump may rely on.
inline constexpr size_t kSpareHeap = size_t{16} << 20;

/// From now on there is one heap, which all threads use, and it keeps what is spare instead of
/// giving it back to the host. (A thread of glibc's that cannot get a heap of its own would not use
/// another one.) Before any thread is started.
void keep_spare_heap();

/// Makes sure of kSpareHeap. It stays spare only where keep_spare_heap() was called. Any thread.
/// Errors: the host promises no more.
Result<> check_spare_heap();

}  // namespace guestdump::tools
