// SPDX-License-Identifier: GPL-2.0-or-later
#include <random>
#include <set>

#include "target-i386/page_walk.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/target-i386/naive_walker.h"
#include "tests/target-i386/page_tables.h"
#include "tests/target-i386/test_memory.h"

namespace guestdump::target_i386 {

Suite* page_walk_random_suite();

namespace {

using Mode = NaiveWalker::Mode;
using Pages = std::map<uint64_t, uint64_t>;

constexpr unsigned kTrials = 600;  // for each mode

/// Random memory, tables and registers; the same for the same seed.
class Trial {
  public:
    Trial(Mode mode, bool pse, unsigned seed) : random_(seed) {
        model_.mode = mode;
        model_.pse = pse;
        lay_out_memory();
        choose_registers();
        fill_tables();
    }

    void run(unsigned seed) {
        const Pages expected = model_.walk(memory_);
        const Pages found = walk();
        if (found == expected) return;
        const auto [left, right] =
            std::mismatch(found.begin(), found.end(), expected.begin(), expected.end());
        const auto say = [](const Pages& pages, Pages::const_iterator at) {
            return at == pages.end() ? Pages::value_type{} : *at;
        };
        const auto ours = say(found, left), model = say(expected, right);
        ck_abort_msg(
            "seed %u: %zu and %zu granules, first difference 0x%jx -> 0x%jx, 0x%jx -> 0x%jx", seed,
            found.size(), expected.size(), ours.first, ours.second, model.first, model.second);
    }

    /// As run(), for several vCPUs, whose tables are walked one after the other.
    void run_several(unsigned seed) {
        constexpr size_t kVcpus = 3, kTables = 4;
        std::vector<uint64_t> tables;
        for (size_t i = 0; i < kTables; ++i) tables.push_back(some_page());
        std::vector<uint64_t> roots;
        for (size_t i = 0; i < kVcpus; ++i) roots.push_back(some_page() & 0xfffff000);
        for (const auto* list : {&roots, &tables}) {
            for (const uint64_t table : *list) refer_to_few(table, tables);
        }
        std::set<Pages::value_type> expected, found;
        WalkedList list;
        for (const uint64_t root : roots) {
            model_.cr3 = root;
            for (const auto& [virt, phys] : model_.walk(memory_)) expected.emplace(virt, phys);
            walk_into(list);
        }
        for (const guest::MemoryMapping& mapping : list.view()) {
            for (uint64_t at = 0; at < mapping.length; at += NaiveWalker::kGranule)
                found.emplace(mapping.virt.value + at, mapping.phys.value + at);
        }
        ck_assert_msg(found == expected, "seed %u: %zu and %zu granules", seed, found.size(),
                      expected.size());
    }

  private:
    uint64_t below(uint64_t end) {
        return std::uniform_int_distribution<uint64_t>(0, end - 1)(random_);
    }
    bool one_in(unsigned n) { return below(n) == 0; }

    void lay_out_memory() {
        memory_.add(0, 0x8000);
        memory_.add(0x8000, 0x3c00);  // touches the one before, and ends within a page
        if (one_in(2)) memory_.add(0xc000, 0x4000);
        memory_.add(0x1ff400, 0x5c00);  // begins within a page
        if (one_in(2)) memory_.add(0x100000, 0x4000);
        if (one_in(2)) memory_.add(0x40000000, 0x2000);
        if (one_in(3)) memory_.add(0x1ffffe000, 0x3000);   // above 4 GiB: PSE-36, PAE
        if (one_in(4)) memory_.add(0x8000000000, 0x2000);  // the last bit of PSE-36
        if (one_in(4)) memory_.add(0xffffffffff000, 0x1000);
    }

    /// A page, usually of memory.
    uint64_t some_page() {
        const auto pieces = memory_.pieces();
        const auto [start, end] = pieces[below(pieces.size())];
        if (one_in(20)) return below(uint64_t{1} << 40) << 12;
        return (start + below(end - start)) & ~uint64_t{0xfff};
    }

    bool is_legacy() const { return model_.mode == Mode::two_level || model_.mode == Mode::pae; }

    void choose_registers() {
        model_.nxe = !one_in(3);
        model_.a20 = !one_in(8);
        model_.gigabyte_pages = !one_in(4);
        constexpr unsigned kWidths[] = {32, 36, 40, 46, 52};
        model_.width = kWidths[below(5)];
        if (one_in(4)) model_.encryption = uint64_t{1} << (one_in(2) ? 47 : 51);
        model_.cr3 = (some_page() & 0xffffffff) | below(0x1000);
        if (model_.mode == Mode::pae) return;
        model_.cr3 &= ~uint64_t{0xfff};
        if (!is_legacy()) model_.cr3 |= below(0x1000);  // PCID
    }

    /// Bits of an entry other than "present", "page" and the address; some of them are reserved.
    uint64_t junk() {
        uint64_t bits = below(0x1000) & ~uint64_t{0x81};
        if (model_.mode == Mode::two_level) return bits;
        if (one_in(model_.mode == Mode::pae ? 20 : 3))
            bits |= below(0x800) << 52;  // protection keys
        if (one_in(model_.nxe ? 3 : 12)) bits |= uint64_t{1} << 63;
        if (one_in(12)) bits |= uint64_t{1} << (32 + below(20));
        return bits;
    }

    uint64_t some_entry() {
        if (one_in(6))
            return uint64_t{random_()} & ~uint64_t{1};  // absent, the rest is the guest's
        uint64_t target = some_page();
        if (!one_in(4)) return target | junk() | 1;
        constexpr uint64_t kSizes[] = {0x200000, 0x400000, 0x40000000};
        if (!one_in(8)) target &= ~(kSizes[below(3)] - 1);
        if (model_.mode == Mode::two_level)
            target = (target & 0xffc00000) | (target >> 32 & 0x1ff) << 13;
        return target | junk() | 0x81;
    }

    size_t entry_bytes() const { return model_.mode == Mode::two_level ? 4 : 8; }

    void fill_tables() {
        for (const auto& [start, end] : memory_.pieces()) {
            for (uint64_t page = start & ~uint64_t{0xfff}; page < end; page += 0x1000) {
                for (uint64_t n = below(8); n > 0; --n) put_entry(page, entry_bytes());
            }
        }
        for (int n = 0; n < 3; ++n) put_entry(model_.cr3 & ~uint64_t{0xfff}, entry_bytes());
        if (model_.mode != Mode::pae) return;
        for (unsigned i = 0; i < 4; ++i) {
            const uint64_t at = (model_.cr3 & 0xffffffe0) + 8 * i;
            const uint64_t reserved = one_in(8) ? 0 : 0x1e6;
            if (memory_.holds(at) && memory_.holds(at + 7))
                memory_.put64(at, some_entry() & ~reserved);
        }
    }

    /// Entries for few tables, in few places: vCPUs share many, and so do the entries of one vCPU.
    void refer_to_few(uint64_t from, const std::vector<uint64_t>& tables) {
        for (uint64_t slot = 0; slot < 3; ++slot) {
            const uint64_t at = from + slot * entry_bytes();
            const uint64_t entry = one_in(4) ? 0 : tables[below(tables.size())] | 1;
            if (memory_.holds(at) && memory_.holds(at + entry_bytes() - 1))
                memory_.put(at, entry, entry_bytes());
        }
    }

    void put_entry(uint64_t page, size_t bytes) {
        const uint64_t slots = 0x1000 / bytes;
        // Adjacent entries, so that mappings can join; and the first and last entries of a table.
        uint64_t slot = one_in(3) ? below(3) : one_in(3) ? slots - 1 - below(2) : below(slots);
        uint64_t entry = some_entry();
        for (uint64_t run = one_in(3) ? 3 : 1; run > 0 && slot < slots;
             --run, ++slot, entry += 0x1000) {
            const uint64_t at = page + slot * bytes;
            if (memory_.holds(at) && memory_.holds(at + bytes - 1)) memory_.put(at, entry, bytes);
        }
    }

    Registers registers() const {
        Registers registers;
        registers.cr0 = kCr0Paging | kCr0ProtectedMode;
        registers.cr3 = model_.cr3;
        if (model_.pse) registers.cr4 |= kCr4Pse;
        if (model_.mode != Mode::two_level) registers.cr4 |= kCr4Pae;
        if (model_.mode == Mode::five_level) registers.cr4 |= kCr4La57;
        if (model_.nxe) registers.efer |= kEferNoExecute;
        if (!is_legacy()) registers.efer |= kEferLongModeActive;
        return registers;
    }

    void walk_into(WalkedList& list) {
        const PagingTraits traits{.physical_bits = static_cast<uint8_t>(model_.width),
                                  .encryption_bits = model_.encryption,
                                  .gigabyte_pages = model_.gigabyte_pages,
                                  .a20 = model_.a20};
        const auto mode = PagingMode::of(registers(), traits);
        const guest::RamSource source = memory_.source();
        const util::Cancellation never;
        support::must(walk_pages(*mode, {source, never, list.walked}, list));
    }

    Pages walk() {
        WalkedList list;
        walk_into(list);
        Pages pages;
        const guest::MemoryMapping* before = nullptr;
        for (const guest::MemoryMapping& mapping : list.view()) {
            if (before) check_neighbours(*before, mapping);
            before = &mapping;
            for (uint64_t at = 0; at < mapping.length; at += NaiveWalker::kGranule) {
                pages[mapping.virt.value + at] = mapping.phys.value + at;
            }
        }
        return pages;
    }

    static void check_neighbours(const guest::MemoryMapping& left,
                                 const guest::MemoryMapping& right) {
        ck_assert_uint_le(left.virt.value + left.length, right.virt.value);
        const bool goes_on = left.virt.value + left.length == right.virt.value &&
                             left.phys.value + left.length == right.phys.value;
        ck_assert_msg(!goes_on, "two mappings that could be one");
    }

    std::mt19937_64 random_;
    TestMemory memory_;
    NaiveWalker model_;
};

void run_trials(Mode mode, bool pse = false) {
    for (unsigned seed = 0; seed < kTrials; ++seed) Trial(mode, pse, seed).run(seed);
}

START_TEST(several_vcpus_agree_with_the_model_in_every_mode) {
    for (const Mode mode : {Mode::two_level, Mode::pae, Mode::four_level, Mode::five_level}) {
        for (unsigned seed = 0; seed < kTrials / 2; ++seed)
            Trial(mode, false, seed).run_several(seed);
    }
}
END_TEST

START_TEST(two_levels_agree_with_the_model) {
    run_trials(Mode::two_level);
}
END_TEST

START_TEST(two_levels_with_large_pages_agree_with_the_model) {
    run_trials(Mode::two_level, true);
}
END_TEST

START_TEST(pae_agrees_with_the_model) {
    run_trials(Mode::pae);
}
END_TEST

START_TEST(four_levels_agree_with_the_model) {
    run_trials(Mode::four_level);
}
END_TEST

START_TEST(five_levels_agree_with_the_model) {
    run_trials(Mode::five_level);
}
END_TEST

}  // namespace

Suite* page_walk_random_suite() {
    return support::make_suite(
        "page_walk_random",
        {several_vcpus_agree_with_the_model_in_every_mode, two_levels_agree_with_the_model,
         two_levels_with_large_pages_agree_with_the_model, pae_agrees_with_the_model,
         four_levels_agree_with_the_model, five_levels_agree_with_the_model});
}

}  // namespace guestdump::target_i386
