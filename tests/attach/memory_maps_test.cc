// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/memory_maps.h"

#include <sys/sysmacros.h>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::attach {

Suite* memory_maps_suite();

namespace {

using support::must;
using support::must_fail;

START_TEST(lines_of_every_kind_are_understood) {
    const auto maps = must(parse_maps(
        "7f41dffff000-7f41fffff000 rw-s 00001000 fe:02 2049                       /memfd:a b "
        "(deleted)\n"
        "7f4200000000-7f4200021000 ---p 00000000 00:00 0 \n"
        "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]"));
    ck_assert_uint_eq(maps.size(), 3);
    ck_assert_uint_eq(maps[0].start, 0x7f41dffff000);
    ck_assert_uint_eq(maps[0].end, 0x7f41fffff000);
    ck_assert(maps[0].readable && maps[0].shared);
    ck_assert_uint_eq(maps[0].offset, 0x1000);
    ck_assert(maps[0].device == makedev(0xfe, 2) && maps[0].inode == 2049);
    ck_assert(maps[0].range == "7f41dffff000-7f41fffff000");
    ck_assert(!maps[1].readable && !maps[1].shared && maps[1].inode == 0);
    ck_assert_uint_eq(maps[2].end, 0xffffffffff601000);
}
END_TEST

START_TEST(nothing_is_an_empty_list) {
    ck_assert(must(parse_maps("")).empty());
}
END_TEST

START_TEST(lines_of_another_form_are_refused) {
    for (const char* line :
         {"x", "7f00-7f00 rw-p 0 00:00 0", "7f01-7f00 rw-p 0 00:00 0", "7f00 rw-p 0 00:00 0",
          "7f00-7f01 rw- 0 00:00 0", "7f00-7f01 rw-p z 00:00 0", "7f00-7f01 rw-p 0 0000 0",
          "7f00-7f01 rw-p 0 00:00 x", "7f00-7f01",
          "10000000000000000-20000000000000000 r--p 0 0:0 0", "\n"}) {
        must_fail(parse_maps(line), "is not understood");
    }
}
END_TEST

}  // namespace

Suite* memory_maps_suite() {
    return support::make_suite("memory_maps", {
                                                  lines_of_every_kind_are_understood,
                                                  nothing_is_an_empty_list,
                                                  lines_of_another_form_are_refused,
                                              });
}

}  // namespace guestdump::attach
