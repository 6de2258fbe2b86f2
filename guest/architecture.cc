// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/architecture.h"

namespace guestdump::guest {

std::optional<Gpa> Cpu::translate(Gva address, const PageSource& memory,
                                  std::optional<Gpa> root) const {
    if (!architecture_->translate) return std::nullopt;
    return architecture_->translate(*this, address, memory, root);
}

std::optional<Gva> Cpu::first_handler(const PageSource& memory) const {
    if (!architecture_->first_handler) return std::nullopt;
    return architecture_->first_handler(*this, memory);
}

bool Cpu::paging_is_off() const {
    return architecture_->paging_is_off && architecture_->paging_is_off(*this);
}

}  // namespace guestdump::guest
