// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/page_map.h"

#include <fcntl.h>
#include <unistd.h>

#include <random>
#include <vector>

#include "tests/attach/own_memory.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scratch.h"

namespace guestdump::attach {

Suite* page_map_suite();

namespace {

using support::must;
using Kind = PageMap::Kind;
using Way = PageMap::Way;

constexpr size_t kPages = 9000;  // more than one read of the pagemap returns

PageMap open(Way way) {
    const Process process = must(Process::open(::getpid()));
    return must(PageMap::open(process, way));
}

/// For each page whether it is populated, by the runs that @map returns from page @first on.
std::vector<bool> populated(const PageMap& map, const OwnMemory& own, Kind kind, size_t first = 0) {
    std::vector<bool> pages(first, false);
    const uint64_t end = own.address(kPages);
    for (uint64_t at = own.address(first); at < end;) {
        const guest::RamExtent run = map.extent(at, end - at, kind);
        ck_assert(run.length > 0 && run.length % kPage == 0 && run.length <= end - at);
        pages.insert(pages.end(), run.length / kPage, run.populated);
        at += run.length;
    }
    return pages;
}

START_TEST(both_ways_find_the_pages_that_were_touched) {
    OwnMemory own(kPages, MAP_PRIVATE | MAP_ANONYMOUS);
    std::vector<bool> touched(kPages);
    std::mt19937 dice(7);
    for (size_t page = 0; page < kPages;) {
        const size_t run = dice() % 3 == 0 ? 1 : dice() % 2000;
        const bool touch = dice() % 2 == 0;
        for (size_t end = std::min(kPages, page + run); page < end; ++page) {
            if (touch) own.write(page, 1);
            touched[page] = touch;
        }
    }
    for (const Way way : {Way::scan, Way::entries}) {
        const PageMap map = open(way);
        ck_assert(populated(map, own, Kind::present) == touched);
        ck_assert(populated(map, own, Kind::own_present) == touched);
    }
}
END_TEST

START_TEST(pages_of_a_file_are_not_the_processs_own) {
    const support::Scratch scratch;
    const util::UniqueFd fd(::open(scratch.path("f").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ck_assert(::ftruncate(fd.get(), kPages * kPage) == 0);
    OwnMemory own(kPages, MAP_PRIVATE, fd.get());
    std::vector<bool> written(kPages);
    for (const size_t page : {1, 100, 101, 8999}) {
        own.write(page, 1);
        written[page] = true;
    }
    for (const size_t page : {0, 50, 4000}) ck_assert(own.page(page)[0] == std::byte{0});
    for (const Way way : {Way::scan, Way::entries}) {
        const PageMap map = open(way);
        ck_assert(populated(map, own, Kind::own_present) == written);
        const std::vector<bool> present = populated(map, own, Kind::present);
        ck_assert(present[0] && present[50] && present[4000] && present[100]);
    }
}
END_TEST

START_TEST(a_part_of_a_page_is_as_the_page) {
    OwnMemory own(4, MAP_PRIVATE | MAP_ANONYMOUS);
    own.write(1, 1);
    for (const Way way : {Way::scan, Way::entries}) {
        const PageMap map = open(way);
        guest::RamExtent run = map.extent(own.address(1) + 5, 10, Kind::present);
        ck_assert(run.populated && run.length == 10);
        run = map.extent(own.address(0) + 5, kPage, Kind::present);
        ck_assert(!run.populated && run.length == kPage - 5);
    }
}
END_TEST

}  // namespace

Suite* page_map_suite() {
    return support::make_suite("page_map", {
                                               both_ways_find_the_pages_that_were_touched,
                                               pages_of_a_file_are_not_the_processs_own,
                                               a_part_of_a_page_is_as_the_page,
                                           });
}

}  // namespace guestdump::attach
