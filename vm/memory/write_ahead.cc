// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/memory/write_ahead.h"

#include <algorithm>

namespace guestdump::vm {

uint64_t WriteAhead::pages_from(uint64_t page) {
    const auto known = std::ranges::find(writers_, page, &Writer::next);
    if (known == writers_.end()) {
        current_ = oldest_;
        oldest_ = (oldest_ + 1) % writers_.size();
        writers_[current_].size = 1;
    } else {
        current_ = static_cast<size_t>(known - writers_.begin());
        known->size = std::min(known->size * 2, kMostPages);
    }
    return writers_[current_].size;
}

void WriteAhead::served(uint64_t end) {
    writers_[current_].next = end;
}

}  // namespace guestdump::vm
