// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/page_set.h"

#include <random>
#include <set>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scripted_guest.h"

namespace guestdump::guest {

Suite* page_set_suite();

namespace {

using support::must;

PageSet set_of(std::initializer_list<std::pair<uint64_t, uint64_t>> blocks) {
    support::ScriptedGuest guest;
    for (const auto& [start, size] : blocks) guest.add_ram(start, size);
    return PageSet::of(guest.blocks(), 4096);
}

std::vector<PfnRun> runs_of(const PageSet& set) {
    std::vector<PfnRun> runs;
    for (auto run = set.next_run(0); run; run = set.next_run(run->end)) runs.push_back(*run);
    return runs;
}

START_TEST(blocks_apart_are_runs_apart) {
    const PageSet set = set_of({{0, 0x2000}, {0x3000, 0x1000}});
    ck_assert(runs_of(set) == (std::vector<PfnRun>{{0, 2}, {3, 4}}));
    ck_assert_uint_eq(set.count(), 3);
}
END_TEST

START_TEST(a_byte_is_enough_for_a_page) {
    ck_assert(runs_of(set_of({{0x5fff, 1}})) == (std::vector<PfnRun>{{5, 6}}));
    ck_assert(runs_of(set_of({{0x5fff, 2}})) == (std::vector<PfnRun>{{5, 7}}));
}
END_TEST

START_TEST(a_page_of_two_blocks_is_in_the_set_once) {
    const PageSet set = set_of({{0x1000, 0x100}, {0x1800, 0x900}, {0x2200, 0x10}});
    ck_assert(runs_of(set) == (std::vector<PfnRun>{{1, 3}}));
    ck_assert_uint_eq(set.count(), 2);
}
END_TEST

START_TEST(blocks_that_touch_are_one_run) {
    ck_assert(runs_of(set_of({{0, 0x1000}, {0x1000, 0x1000}})) == (std::vector<PfnRun>{{0, 2}}));
}
END_TEST

START_TEST(the_last_page_of_the_address_space_is_a_page) {
    const PageSet set = set_of({{uint64_t{0} - 4096, 4096}});
    ck_assert(runs_of(set) == (std::vector<PfnRun>{{0xfffffffffffff, 0x10000000000000}}));
    ck_assert_uint_eq(set.select(0), 0xfffffffffffff);
}
END_TEST

START_TEST(an_empty_set_has_no_runs) {
    const PageSet set;
    ck_assert(set.empty() && !set.next_run(0) && !set.contains(0));
    ck_assert_uint_eq(set.rank(7), 0);
}
END_TEST

START_TEST(keep_takes_away_what_lies_outside) {
    PageSet set = PageSet::of({{0, 10}, {20, 30}, {40, 50}});
    set.keep({5, 45});
    ck_assert(runs_of(set) == (std::vector<PfnRun>{{5, 10}, {20, 30}, {40, 45}}));
    must(set.remove({22, 24}));
    set.keep({6, 23});
    ck_assert(runs_of(set) == (std::vector<PfnRun>{{6, 10}, {20, 22}}));
    ck_assert_uint_eq(set.count(), 6);
}
END_TEST

START_TEST(pages_of_no_memory_cannot_be_taken_away) {
    PageSet set = PageSet::of({{10, 20}});
    must(set.remove({0, 10}));
    must(set.remove({20, 1000}));
    ck_assert_uint_eq(set.count(), 10);
    must(set.remove({0, UINT64_MAX}));
    ck_assert(set.empty() && !set.next_run(0));
}
END_TEST

START_TEST(high_addresses_take_no_more_memory_than_low_ones) {
    const uint64_t high = uint64_t{1} << 51;
    PageSet set = PageSet::of({{0, 1}, {high, high + 3}});
    must(set.remove({high + 1, high + 2}));
    ck_assert(runs_of(set) ==
              (std::vector<PfnRun>{{0, 1}, {high, high + 1}, {high + 2, high + 3}}));
    ck_assert_uint_eq(set.rank(UINT64_MAX), 3);
    ck_assert_uint_eq(set.select(2), high + 2);
}
END_TEST

/// Compares @set with a tree of the same numbers.
void check_against(const PageSet& set, const std::set<uint64_t>& model, uint64_t end) {
    ck_assert_uint_eq(set.count(), model.size());
    uint64_t rank = 0;
    for (uint64_t pfn = 0; pfn < end; ++pfn) {
        const bool in = model.count(pfn) != 0;
        ck_assert(set.contains(pfn) == in);
        ck_assert_uint_eq(set.rank(pfn), rank);
        if (in) ck_assert_uint_eq(set.select(rank), pfn);
        rank += in;
    }
    uint64_t seen = 0;
    for (auto run = set.next_run(0); run; run = set.next_run(run->end)) {
        ck_assert(model.count(run->end) == 0);
        ck_assert(run->first == 0 || model.count(run->first - 1) == 0);
        for (uint64_t pfn = run->first; pfn < run->end; ++pfn) seen += model.count(pfn);
    }
    ck_assert_uint_eq(seen, model.size());
}

START_TEST(random_sets_are_what_a_tree_of_numbers_is) {
    std::mt19937_64 random(1);
    constexpr uint64_t kEnd = 9000;
    for (int round = 0; round < 30; ++round) {
        std::vector<PfnRun> runs;
        std::set<uint64_t> model;
        for (uint64_t at = random() % 50; at < kEnd - 3000;) {
            const uint64_t end = at + 1 + random() % 3000;
            runs.push_back({at, end});
            for (uint64_t pfn = at; pfn < end; ++pfn) model.insert(pfn);
            at = end + 1 + random() % 100;
        }
        PageSet set = PageSet::of(runs);
        check_against(set, model, kEnd);
        for (int cut = 0; cut < 20; ++cut) {
            const uint64_t first = random() % kEnd, end = first + random() % 300;
            must(set.remove({first, end}));
            for (uint64_t pfn = first; pfn < end; ++pfn) model.erase(pfn);
        }
        check_against(set, model, kEnd);
    }
}
END_TEST

START_TEST(marked_pages_are_taken_away_as_one_by_one) {
    std::mt19937_64 random(2);
    for (int round = 0; round < 60; ++round) {
        std::vector<PfnRun> extents;
        for (uint64_t at = random() % 100; at < 9000;) {
            const uint64_t end = at + 1 + random() % (round % 2 ? 5000 : 100);
            extents.push_back({at, end});
            at = end + 1 + random() % 200;
        }
        PageSet fast = PageSet::of(extents), slow = PageSet::of(extents);
        for (int step = 0; step < 4; ++step) {
            std::vector<uint64_t> marks(random() % 100);
            for (uint64_t& word : marks) word = random() & random() & (random() % 3 ? ~0ull : 0);
            const uint64_t first = random() % 6000;
            must(fast.remove(first, marks));
            for (uint64_t i = 0; i < 64 * marks.size(); ++i) {
                if (marks[i / 64] >> i % 64 & 1) must(slow.remove({first + i, first + i + 1}));
            }
        }
        ck_assert_uint_eq(fast.count(), slow.count());
        ck_assert(runs_of(fast) == runs_of(slow));
        for (uint64_t pfn = 0; pfn < 15000; pfn += 77)
            ck_assert_uint_eq(fast.rank(pfn), slow.rank(pfn));
    }
}
END_TEST

START_TEST(a_set_without_marked_pages_takes_no_memory_for_bits) {
    PageSet set = PageSet::of({{0, uint64_t{1} << 50}});  // bits would take 128 TiB
    must(set.remove(64, std::vector<uint64_t>(100)));
    must(set.remove(uint64_t{1} << 50, std::vector<uint64_t>(2, 1)));
    ck_assert_uint_eq(set.count(), uint64_t{1} << 50);
}
END_TEST

START_TEST(a_copy_changes_by_itself) {
    PageSet set = PageSet::of({{0, 5000}, {6000, 6010}});
    PageSet whole = must(set.copy());
    must(set.remove({100, 6005}));
    PageSet part = must(set.copy());
    must(part.remove({0, 50}));
    ck_assert_uint_eq(whole.count(), 5010);
    ck_assert(runs_of(set) == (std::vector<PfnRun>{{0, 100}, {6005, 6010}}));
    ck_assert(runs_of(part) == (std::vector<PfnRun>{{50, 100}, {6005, 6010}}));
    ck_assert_uint_eq(part.select(50), 6005);
}
END_TEST

START_TEST(blocks_are_clipped_to_the_pages_of_a_set) {
    support::ScriptedGuest guest;
    guest.add_ram(0x800, 0x2000);
    guest.add_ram(0x10000, 0x4000);
    const GuestPhysBlockList blocks = guest.blocks();
    PageSet pages = PageSet::of(blocks, 4096);
    must(pages.remove({1, 2}));
    must(pages.remove({0x11, 0x13}));
    const GuestPhysBlockList left = clip(blocks, pages, 4096);
    std::vector<std::pair<uint64_t, uint64_t>> found;
    for (const GuestPhysBlock& block : left.view()) {
        ck_assert_uint_eq(block.offset, block.range.start.value < 0x10000
                                            ? block.range.start.value - 0x800
                                            : block.range.start.value - 0x10000);
        found.emplace_back(block.range.start.value, block.range.size);
    }
    const std::vector<std::pair<uint64_t, uint64_t>> expected = {
        {0x800, 0x800}, {0x2000, 0x800}, {0x10000, 0x1000}, {0x13000, 0x1000}};
    ck_assert(found == expected);
}
END_TEST

}  // namespace

Suite* page_set_suite() {
    return support::make_suite("page_set", {
                                               blocks_apart_are_runs_apart,
                                               a_byte_is_enough_for_a_page,
                                               a_page_of_two_blocks_is_in_the_set_once,
                                               blocks_that_touch_are_one_run,
                                               the_last_page_of_the_address_space_is_a_page,
                                               an_empty_set_has_no_runs,
                                               keep_takes_away_what_lies_outside,
                                               pages_of_no_memory_cannot_be_taken_away,
                                               high_addresses_take_no_more_memory_than_low_ones,
                                               random_sets_are_what_a_tree_of_numbers_is,
                                               marked_pages_are_taken_away_as_one_by_one,
                                               a_set_without_marked_pages_takes_no_memory_for_bits,
                                               a_copy_changes_by_itself,
                                               blocks_are_clipped_to_the_pages_of_a_set,
                                           });
}

}  // namespace guestdump::guest
