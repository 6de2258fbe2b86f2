// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/selection.h"

namespace guestdump::dump {
namespace {

/// The pages that @memory and @left_out touch.
guest::PageSet pages_of(const guest::GuestPhysBlockList& memory, const guest::RangeList& left_out,
                        uint64_t page_size) {
    if (left_out.empty()) return guest::PageSet::of(memory, page_size);
    guest::RangeList all = ranges_of(memory);
    all.insert(all.end(), left_out.begin(), left_out.end());
    std::vector<guest::PfnRun> runs;
    for (const guest::GpaRange& range : joined(std::move(all)))
        runs.push_back({range.start.value / page_size, range.last() / page_size + 1});
    return guest::PageSet::of(std::move(runs));
}

}  // namespace

Result<Selection> Selection::of(const guest::GuestPhysBlockList& memory,
                                const guest::RangeList& left_out, const Request& request,
                                uint64_t page_size) {
    Selection selection;
    selection.pages = guest::PageSet::of(memory, page_size);
    selection.existing = pages_of(memory, left_out, page_size);
    if (!request.only) {
        selection.blocks = memory;
        selection.left_out = left_out;
    } else {
        const guest::GpaRange& only = *request.only;
        selection.pages.keep({only.start.value / page_size, only.last() / page_size + 1});
        selection.blocks = guest::clip(memory, selection.pages, page_size);
        if (!request.kdump()) selection.blocks = selection.blocks.clip(only);
        selection.left_out = common_ranges(left_out, {only});
    }
    if (selection.blocks.empty()) return Error::make("dump: no guest memory to dump");
    return selection;
}

}  // namespace guestdump::dump
