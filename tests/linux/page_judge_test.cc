// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/memory_map/page_judge.h"

#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* page_judge_suite();

namespace {

using support::must;

/// Lines of VMCOREINFO that every kernel has. The offsets are those of Linux 6.1 and 6.12.
const std::string kCommon =
    "SIZE(page)=64\nOFFSET(page.flags)=0\nOFFSET(page._refcount)=52\nOFFSET(page.mapping)=24\n"
    "OFFSET(page.lru)=8\nOFFSET(list_head.next)=0\nOFFSET(list_head.prev)=8\n"
    "OFFSET(page._mapcount)=48\nOFFSET(page.private)=40\nLENGTH(zone.free_area)=11\n";

/// Linux 6.1: slab is a flag, and types are whole words.
const std::string kLinux6_1 =
    kCommon +
    "OFFSET(page.compound_head)=8\nOFFSET(page.compound_order)=17\nOFFSET(page.compound_dtor)=16\n"
    "NUMBER(HUGETLB_PAGE_DTOR)=2\nNUMBER(PG_lru)=4\nNUMBER(PG_private)=13\n"
    "NUMBER(PG_swapcache)=10\nNUMBER(PG_swapbacked)=19\nNUMBER(PG_slab)=9\n"
    "NUMBER(PG_head_mask)=65536\nNUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\n"
    "NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257\n";

/// 6.4: order and destructor are members of struct folio, whose second half is the second struct
/// page.
const std::string kLinux6_4 =
    kCommon +
    "OFFSET(page.compound_head)=8\nOFFSET(folio._folio_order)=81\nOFFSET(folio._folio_dtor)=80\n"
    "NUMBER(HUGETLB_PAGE_DTOR)=2\nNUMBER(PG_lru)=4\nNUMBER(PG_private)=13\n"
    "NUMBER(PG_swapcache)=10\nNUMBER(PG_swapbacked)=19\nNUMBER(PG_slab)=9\n"
    "NUMBER(PG_head_mask)=65536\nNUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\n";

/// 6.7: the order and the mark of hugetlb pages are in the second page's flags.
const std::string kLinux6_7 =
    kCommon +
    "OFFSET(page.compound_head)=8\nNUMBER(PG_hugetlb)=8\nNUMBER(PG_lru)=5\nNUMBER(PG_private)=14\n"
    "NUMBER(PG_swapcache)=10\nNUMBER(PG_swapbacked)=17\nNUMBER(PG_slab)=9\n"
    "NUMBER(PG_head_mask)=64\nNUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\n";

/// 7.3: the word that marks tails is not a pointer.
const std::string kLinux7_3 =
    kCommon +
    "OFFSET(page.compound_info)=8\nNUMBER(PG_lru)=5\nNUMBER(PG_private)=14\n"
    "NUMBER(PG_swapcache)=10\nNUMBER(PG_swapbacked)=17\nNUMBER(PG_head_mask)=64\n"
    "NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376\n"
    "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456\n"
    "NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592\n";

/// RHEL 7: tails are not marked, the order is in the second page's lru.prev, and PG_head_mask is
/// 1 << 14.
const std::string kRhel7 =
    kCommon +
    "SYMBOL(free_huge_page)=ffffffff811b0000\nNUMBER(PG_lru)=5\nNUMBER(PG_private)=11\n"
    "NUMBER(PG_swapcache)=16\nNUMBER(PG_slab)=7\nNUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-128\n"
    "NUMBER(PG_hwpoison)=23\n";

constexpr Exclusion kAll{.cache = true, .cache_private = true, .user = true, .free = true};
constexpr uint64_t kVirt = 0xffffea0000000000;

/// Two consecutive struct pages. Initially both pages are unused.
struct Pair {
    support::Bytes bytes = support::Bytes(128);
    uint64_t pfn = 512;

    explicit Pair(const std::string& lines)
        : judge(must(PageLayout::of(Vmcoreinfo(lines))), kAll, 15) {
        for (const uint64_t at : {0, 64}) support::put_le32(bytes, at + 48, 0xffffffff);
    }

    Pair& put(uint64_t at, uint64_t value, size_t size = 8) {
        support::put_little(bytes, at, value, size);
        return *this;
    }
    Verdict verdict() const {
        return judge.judge({.pfn = pfn,
                            .virt = kVirt + pfn * 64,
                            .bytes = bytes.data(),
                            .next = bytes.data() + 64});
    }

    PageJudge judge;
};

bool is(const Verdict& verdict, PageClass page_class, unsigned order,
        Verdict::Block block = Verdict::Block::none) {
    return verdict.page_class == page_class && verdict.order == order && verdict.block == block;
}

constexpr auto kCompound = Verdict::Block::compound, kHugetlb = Verdict::Block::hugetlb;

START_TEST(the_order_is_where_the_kernel_has_it) {
    constexpr uint64_t kAnonymous = 0xffff888000000001;
    ck_assert(is(Pair(kLinux6_1).put(0, 1 << 16).put(24, kAnonymous).put(64 + 17, 9, 1).verdict(),
                 PageClass::user, 9, kCompound));
    ck_assert(is(Pair(kLinux6_4).put(0, 1 << 16).put(24, kAnonymous).put(64 + 17, 9, 1).verdict(),
                 PageClass::user, 9, kCompound));
    ck_assert(is(Pair(kLinux6_7).put(0, 1 << 6).put(24, kAnonymous).put(64, 0xff009).verdict(),
                 PageClass::user, 9, kCompound));
    ck_assert(is(Pair(kLinux7_3).put(0, 1 << 6).put(24, kAnonymous).put(64, 0xff009).verdict(),
                 PageClass::user, 9, kCompound));
    ck_assert(is(Pair(kRhel7).put(0, 1 << 14).put(24, kAnonymous).put(64 + 16, 9, 2).verdict(),
                 PageClass::user, 9, kCompound));
}
END_TEST

START_TEST(hugetlb_pages_are_known_by_the_mark_of_the_kernel) {
    ck_assert(is(Pair(kLinux6_1).put(0, 1 << 16).put(64 + 16, 0x902, 2).verdict(), PageClass::user,
                 9, kHugetlb));
    ck_assert(
        is(Pair(kLinux6_1).put(0, 1 << 16).put(64 + 16, 0x901, 2).verdict(), PageClass::kept, 0));
    ck_assert(is(Pair(kLinux6_4).put(0, 1 << 16).put(64 + 16, 0x902, 2).verdict(), PageClass::user,
                 9, kHugetlb));
    ck_assert(
        is(Pair(kLinux6_7).put(0, 1 << 6).put(64, 0x109).verdict(), PageClass::user, 9, kHugetlb));
    ck_assert(is(Pair(kLinux6_7).put(0, 1 << 6).put(64, 0x009).verdict(), PageClass::kept, 0));
    ck_assert(is(Pair(kLinux7_3).put(0, 1 << 6).put(48, 0xf4000000, 4).put(64, 9).verdict(),
                 PageClass::user, 9, kHugetlb));
    Pair rhel(kRhel7);
    rhel.put(0, 1 << 14).put(64 + 16, 9, 2).put(64 + 8, 0xffffffff811b0000);
    ck_assert(is(rhel.verdict(), PageClass::user, 9, kHugetlb));
    ck_assert(is(rhel.put(64 + 8, 0xffffffff811b0001).verdict(), PageClass::kept, 0));
}
END_TEST

START_TEST(free_blocks_are_known_by_words_before_6_12_and_by_bytes_since) {
    ck_assert(is(Pair(kLinux6_1).put(48, 0xffffff7f, 4).put(40, 3).verdict(), PageClass::free, 3,
                 Verdict::Block::free));
    ck_assert(is(Pair(kLinux6_1).put(48, 0xffffff7e, 4).put(40, 3).verdict(), PageClass::kept, 0));
    ck_assert(is(Pair(kLinux7_3).put(48, 0xf0000007, 4).put(40, 3).verdict(), PageClass::free, 3,
                 Verdict::Block::free));
    ck_assert(is(Pair(kRhel7).put(48, 0xffffff80, 4).verdict(), PageClass::free, 0));
}
END_TEST

START_TEST(slab_pages_are_kept_whatever_their_mapping_says) {
    ck_assert(is(Pair(kLinux6_1).put(0, 1 << 9).put(24, 1).verdict(), PageClass::kept, 0));
    ck_assert(is(Pair(kLinux7_3).put(48, 0xf5000000, 4).put(24, 1).verdict(), PageClass::kept, 0));
    // In this layout bit 9 is another flag.
    ck_assert(is(Pair(kLinux7_3).put(0, 1 << 9).put(24, 1).verdict(), PageClass::user, 0));
}
END_TEST

START_TEST(a_tail_of_7_3_has_no_pointer_and_there_are_no_fake_heads) {
    ck_assert(
        is(Pair(kLinux7_3).put(24, 1).put(8, 0xffffffffff8001).verdict(), PageClass::kept, 0));
    // A real head, whose next struct is a tail with a mask.
    ck_assert(is(Pair(kLinux7_3)
                     .put(0, 1 << 6)
                     .put(24, 1)
                     .put(64, 9)
                     .put(64 + 8, 0xffffffffffff8001)
                     .verdict(),
                 PageClass::user, 9, kCompound));
    // In 6.12 the same struct would be a copy of another head's.
    ck_assert(is(Pair(kLinux6_7).put(0, 1 << 6).put(24, 1).put(64, 9).put(64 + 8, 0x8001).verdict(),
                 PageClass::kept, 0));
    ck_assert(is(Pair(kLinux6_7)
                     .put(0, 1 << 6)
                     .put(24, 1)
                     .put(64, 9)
                     .put(64 + 8, (kVirt + 512 * 64) | 1)
                     .verdict(),
                 PageClass::user, 9, kCompound));
}
END_TEST

START_TEST(swap_cache_is_one_flag_if_the_kernel_has_no_other) {
    ck_assert(is(Pair(kRhel7).put(0, 1 << 16).verdict(), PageClass::cache, 0));
    ck_assert(is(Pair(kLinux6_1).put(0, 1 << 10).verdict(), PageClass::kept, 0));
}
END_TEST

START_TEST(flags_that_the_kernel_does_not_have_are_never_seen) {
    Pair pair(kLinux7_3);
    pair.put(0, ~(uint64_t{1} << 5 | uint64_t{1} << 10 | uint64_t{1} << 6));
    ck_assert(is(pair.verdict(), PageClass::kept, 0));  // neither poisoned nor slab
    ck_assert(!pair.judge.is_poisoned({.pfn = 512, .virt = kVirt, .bytes = pair.bytes.data()}));
}
END_TEST

START_TEST(a_large_order_needs_a_page_that_is_aligned_to_it) {
    Pair pair(kLinux7_3);
    pair.put(0, 1 << 6).put(24, 1).put(64, 9);
    pair.pfn = 256;
    ck_assert(is(pair.verdict(), PageClass::user, 0));
    pair.put(64, 18);
    pair.pfn = uint64_t{1} << 18;
    ck_assert(is(pair.verdict(), PageClass::user, 18, kCompound));
    pair.pfn = uint64_t{1} << 19;
    ck_assert(is(pair.put(64, 19).verdict(), PageClass::user, 0));
}
END_TEST

}  // namespace

Suite* page_judge_suite() {
    return support::make_suite("page_judge",
                               {
                                   the_order_is_where_the_kernel_has_it,
                                   hugetlb_pages_are_known_by_the_mark_of_the_kernel,
                                   free_blocks_are_known_by_words_before_6_12_and_by_bytes_since,
                                   slab_pages_are_kept_whatever_their_mapping_says,
                                   a_tail_of_7_3_has_no_pointer_and_there_are_no_fake_heads,
                                   swap_cache_is_one_flag_if_the_kernel_has_no_other,
                                   flags_that_the_kernel_does_not_have_are_never_seen,
                                   a_large_order_needs_a_page_that_is_aligned_to_it,
                               });
}

}  // namespace guestdump::linux_guest
