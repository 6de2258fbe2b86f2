// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/selection.h"

namespace guestdump::dump {

Result<Selection> Selection::of(const guest::GuestPhysBlockList& memory, const Request& request,
                                uint64_t page_size) {
    Selection selection;
    selection.pages = guest::PageSet::of(memory, page_size);
    if (!request.only) {
        selection.blocks = memory;
    } else {
        const guest::GpaRange& only = *request.only;
        selection.pages.keep({only.start.value / page_size, only.last() / page_size + 1});
        selection.blocks = guest::clip(memory, selection.pages, page_size);
        if (!request.kdump()) selection.blocks = selection.blocks.clip(only);
    }
    if (selection.blocks.empty()) return Error::make("dump: no guest memory to dump");
    return selection;
}

}  // namespace guestdump::dump
