// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <vector>

#include "linux/vmcoreinfo_search.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

/// Returns the kernels in the memory of @vmcore in addition to @shown, as
/// linux_guest::find_kernels() finds them. @shown may be empty. Any thread; uses @threads.
std::vector<linux_guest::FoundVmcoreinfo> other_kernels(
    const Vmcore& vmcore, const std::optional<linux_guest::Vmcoreinfo>& shown, unsigned threads,
    uint64_t most_pages);

/// Makes kernel @number of @vmcore the one that describe() shows and that a dump has in its notes:
/// 1 is the one that they have without this call, the others follow in the order of
/// other_kernels(). Main thread, before the vmcore is shared.
///
/// Errors: there are fewer kernels.
Result<> choose_kernel(Vmcore& vmcore, uint64_t number, unsigned threads);

}  // namespace guestdump::vmcore
