// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/linux/map_guest.h"

namespace guestdump::linux_guest {

/// A second implementation of page filtering that shares no code with the first. It goes page by
/// page, reads each struct word by word through the page tables, and follows the documented rules.
/// Only for guests whose VMCOREINFO has valid numbers.
class NaiveFilter {
  public:
    NaiveFilter(const MapGuest& guest, unsigned level);

    /// Judges all pages.
    void run();

    std::vector<bool> left_out;    ///< by page
    std::vector<bool> memory_map;  ///< pages that contain struct pages
    uint64_t free = 0;             ///< pages in free blocks

  private:
    struct Struct {
        bool is_covered = false;
        uint64_t virt = 0;
        std::vector<uint8_t> bytes;
    };
    struct Judged {
        char kind = 'k';  ///< k kept, f free, u unaccepted, c cache, p private, a user, h hwpoison,
                          ///< o offline
        uint64_t pages = 1;
        char block = ' ';  ///< f free, c compound, g hugetlb
    };

    // Call it with string literals only: values are remembered by the address of the name.
    const std::optional<int64_t>& known(const char* name) const;  ///< NUMBER(@name)
    bool has(const char* key) const { return plain_of(key).has_value(); }
    const std::optional<uint64_t>& plain_of(const char* key) const;
    int64_t number(const char* name) const { return known(name).value_or(0); }
    uint64_t plain(const char* key) const { return plain_of(key).value_or(0); }
    uint64_t hex(const char* key) const;

    std::optional<uint64_t> translate(uint64_t virt) const;
    std::optional<uint64_t> walk(uint64_t virt) const;
    std::optional<uint64_t> word(uint64_t virt) const;
    std::optional<uint64_t> section_map(uint64_t pfn) const;
    const Struct& read(uint64_t pfn) const;
    Struct read_memory(uint64_t pfn) const;
    static uint64_t field(const Struct& page, uint64_t at, unsigned size);
    bool flag(const Struct& page, const char* name) const;
    bool type(const Struct& page, const char* name) const;
    bool is_tail(uint64_t pfn, const Struct& page) const;
    bool is_unused(const Struct& page) const;
    Judged judge(uint64_t pfn) const;
    Judged judge_free(uint64_t pfn, const Struct& page, bool is_buddy) const;
    void judge_compound(uint64_t pfn, const Struct& page, Judged& judged, bool& is_hugetlb) const;
    bool is_wanted(char kind) const;

    const MapGuest& guest_;
    unsigned level_;
    std::map<std::string, std::string> lines_;
    mutable std::map<uint64_t, Struct> structs_;  ///< structs that were read, by page
    mutable std::unordered_map<uint64_t, std::optional<uint64_t>> pages_;  ///< by virtual page
    mutable std::map<const char*, std::optional<int64_t>> numbers_;
    mutable std::map<const char*, std::optional<uint64_t>> plains_;
    uint64_t table_ = 0;  ///< address of the table of sections or roots
};

}  // namespace guestdump::linux_guest
