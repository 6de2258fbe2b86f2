// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>

#include "util/result.h"

/// Large buffers are allocated so that the host can refuse them (util/mapped_array.h). Small
/// objects are allocated by libraries, GLib and libstdc++, that end the process, and so the guest,
/// if malloc() fails. Therefore spare heap is reserved before a dump begins: address space that the
/// host has promised, whose pages it provides only when they are used.
///
/// Both functions change how glibc's malloc() works in the whole process; with any other malloc()
/// they do nothing.

namespace guestdump::tools {

/// Bytes that a dump can rely on.
inline constexpr size_t kSpareHeap = size_t{16} << 20;

/// Makes all threads use one heap from now on, which keeps its spare memory instead of returning it
/// to the host. (A glibc thread that cannot get a heap of its own would not use another one.) Call
/// this before any thread is started.
void keep_spare_heap();

/// Ensures that kSpareHeap bytes are available. They are kept only if keep_spare_heap() was called.
/// Any thread. Errors: the host does not promise more memory.
Result<> check_spare_heap();

}  // namespace guestdump::tools
