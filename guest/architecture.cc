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

std::optional<PageTables> Cpu::page_tables() const {
    if (!architecture_->page_tables) return std::nullopt;
    return architecture_->page_tables(*this);
}

KernelPointers Cpu::kernel_pointers(const PageTables& tables, const PageSource& memory) const {
    if (!architecture_->kernel_pointers) return {};
    return architecture_->kernel_pointers(*this, tables, memory);
}

std::optional<Execution> Cpu::execution() const {
    if (!architecture_->execution) return std::nullopt;
    return architecture_->execution(*this);
}

}  // namespace guestdump::guest
