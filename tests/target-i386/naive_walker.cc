// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/target-i386/naive_walker.h"

#include <algorithm>

namespace guestdump::target_i386 {

std::map<uint64_t, uint64_t> NaiveWalker::walk(const TestMemory& memory) {
    memory_ = &memory;
    result_.clear();
    if (mode == Mode::two_level) two_level();
    if (mode == Mode::pae) pae();
    if (mode == Mode::four_level) long_mode(4, address(cr3, 12), 0);
    if (mode == Mode::five_level) long_mode(5, address(cr3, 12), 0);
    return std::move(result_);
}

uint64_t NaiveWalker::read(uint64_t table, unsigned index, unsigned bytes) const {
    if (!a20) table &= ~uint64_t{0x100000};
    return memory_->get(table + index * bytes, bytes);
}

void NaiveWalker::map(uint64_t virt, uint64_t phys, uint64_t size) {
    for (const auto& [start, end] : memory_->pieces()) {
        // With A20 low, an address in the page may really mean the same place one megabyte below.
        const uint64_t slack = a20 ? 0 : 0x100000;
        const uint64_t from = std::max(phys, start);
        const uint64_t to = std::min(phys + size, end + slack);
        for (uint64_t at = from; at < to; at += kGranule) {
            const uint64_t bus = a20 ? at : at & ~uint64_t{0x100000};
            if (memory_->holds(bus)) result_[virt + (at - phys)] = bus;
        }
    }
}

uint64_t NaiveWalker::address(uint64_t entry, unsigned low) const {
    uint64_t result = 0;
    for (unsigned bit = low; bit < width; ++bit) {
        if (encryption >> bit & 1) continue;
        result |= entry & uint64_t{1} << bit;
    }
    return result;
}

void NaiveWalker::two_level() {
    for (unsigned i = 0; i < 1024; ++i) {
        const uint64_t pde = read(cr3 & 0xfffff000, i, 4);
        const uint64_t virt = uint64_t{i} << 22;
        if ((pde & 0x1) == 0) continue;
        if (pse && (pde & 0x80)) {
            const unsigned m = std::min(width, 40u);
            const unsigned high_bits = m - 32;  // in bits 13 and up
            if (pde >> (13 + high_bits) & ((1u << (9 - high_bits)) - 1)) continue;
            map(virt, (pde & 0xffc00000) | (pde >> 13 & ((1u << high_bits) - 1)) << 32, 0x400000);
            continue;
        }
        for (unsigned j = 0; j < 1024; ++j) {
            const uint64_t pte = read(pde & 0xfffff000, j, 4);
            if (pte & 0x1) map(virt | j << 12, pte & 0xfffff000, 0x1000);
        }
    }
}

uint64_t NaiveWalker::reserved_high(bool is_pae) const {
    uint64_t reserved = 0;
    for (unsigned bit = width; bit < 52; ++bit) reserved |= uint64_t{1} << bit;
    reserved &= ~encryption;
    if (is_pae) reserved |= 0x7ff0000000000000;
    if (!nxe) reserved |= 0x8000000000000000;
    return reserved;
}

void NaiveWalker::pae() {
    for (unsigned i = 0; i < 4; ++i) {
        const uint64_t pdpte = read(cr3 & 0xffffffe0, i, 8);
        if ((pdpte & 0x1) == 0 || (pdpte & 0x80000000000001c6)) continue;
        if (pdpte & reserved_high(true)) continue;
        page_directory(address(pdpte, 12), uint64_t{i} << 30, true);
    }
}

void NaiveWalker::page_directory(uint64_t table, uint64_t virt, bool is_pae) {
    for (unsigned i = 0; i < 512; ++i) {
        const uint64_t pde = read(table, i, 8);
        if ((pde & 0x1) == 0 || (pde & reserved_high(is_pae))) continue;
        if ((pde & 0x80) == 0) {
            page_table(address(pde, 12), virt | uint64_t{i} << 21, is_pae);
        } else if ((pde & 0x1fe000) == 0) {
            map(virt | uint64_t{i} << 21, address(pde, 21), 0x200000);
        }
    }
}

void NaiveWalker::page_table(uint64_t table, uint64_t virt, bool is_pae) {
    for (unsigned i = 0; i < 512; ++i) {
        const uint64_t pte = read(table, i, 8);
        if ((pte & 0x1) == 0 || (pte & reserved_high(is_pae))) continue;
        map(virt | uint64_t{i} << 12, address(pte, 12), 0x1000);
    }
}

bool NaiveWalker::long_entry_is_reserved(int level, uint64_t entry) const {
    if (entry & reserved_high(false)) return true;
    const bool says_page = entry & 0x80;
    if (level >= 4 || !gigabyte_pages) return says_page;
    return says_page && (entry & 0x3fffe000);
}

void NaiveWalker::long_mode(int level, uint64_t table, uint64_t virt) {
    const int top = mode == Mode::five_level ? 5 : 4;
    if (level == 2) return page_directory(table, virt, false);
    for (unsigned i = 0; i < 512; ++i) {
        const uint64_t entry = read(table, i, 8);
        if ((entry & 0x1) == 0 || long_entry_is_reserved(level, entry)) continue;
        uint64_t from = virt | uint64_t{i} << (9 * level + 3);
        if (level == top && i >= 256) from |= top == 4 ? 0xffff000000000000 : 0xfe00000000000000;
        if (entry & 0x80) {
            map(from, address(entry, 30), 0x40000000);
        } else {
            long_mode(level - 1, address(entry, 12), from);
        }
    }
}

}  // namespace guestdump::target_i386
