// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "dump/capture.h"
#include "dump/request.h"
#include "dump/snapshot.h"
#include "util/cancellation.h"

namespace guestdump::dump {

/// Removes from @snapshot the pages that @request excludes: pages of classes, by the memory map of
/// the guest's kernel, and zero pages if the format does not store equal pages once. If the classes
/// of the guest's pages cannot be found, or contradict each other, nothing is left out by class and
/// a warning says why; zero pages are left out all the same.
///
/// @snapshot is complete except for program headers. Pages that are left out by class are not read.
/// @judged, which may be empty, is called as Snapshot::prepare() says. Any thread. Errors:
/// cancellation; the host has no memory to give; memory cannot be read; every page is excluded.
Result<> leave_out_pages(const Capture& capture, const Request& request,
                         const util::Cancellation& cancellation, const Judged& judged,
                         Snapshot& snapshot);

}  // namespace guestdump::dump
