// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/target/targets.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/dump/written_dump.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scratch.h"

namespace guestdump::dump {

Suite* fd_sink_suite();

namespace {

using support::must;
using support::must_fail;
using support::read_file;
using support::Scratch;
using util::UniqueFd;

START_TEST(descriptor_of_a_file_is_cut_off_behind_the_dump) {
    const Scratch scratch;
    support::write_file(scratch.path("core"), kOld);
    write_dump(*must(make_fd_sink(open_rw(scratch.path("core")), "core")));
    expect_dump(read_file(scratch.path("core")));
}
END_TEST

START_TEST(descriptor_of_a_file_is_not_touched_before_the_first_write) {
    const Scratch scratch;
    support::write_file(scratch.path("core"), kOld);
    must(make_fd_sink(open_rw(scratch.path("core")), "core"));
    ck_assert(read_file(scratch.path("core")) == kOld);
    const auto sink = must(make_fd_sink(open_rw(scratch.path("core")), "core"));
    must(sink->write_at(0, support::View(kData).first(10)));
    ck_assert_uint_eq(read_file(scratch.path("core")).size(), 10);
}
END_TEST

START_TEST(a_dump_of_nothing_leaves_nothing_of_what_the_descriptors_file_held) {
    const Scratch scratch;
    support::write_file(scratch.path("core"), kOld);
    must(must(make_fd_sink(open_rw(scratch.path("core")), "core"))->finish(200));
    ck_assert(support::all_zero(read_file(scratch.path("core"))));
}
END_TEST

START_TEST(interrupted_commit_of_a_descriptors_file_is_an_error) {
    const Scratch scratch;
    for (const int flags : {0, O_APPEND}) {
        auto sink = must(make_fd_sink(open_rw(scratch.path("core"), O_CREAT | flags), "core"));
        must(sink->write_at(0, kData));
        must(sink->finish(100));
        sink->interrupt();
        must_fail(sink->commit(), "cancelled");
    }
}
END_TEST

START_TEST(dump_begins_at_the_descriptors_position_and_moves_it) {
    const Scratch scratch;
    support::write_file(scratch.path("core"), kOld);
    const UniqueFd mine = open_rw(scratch.path("core"));
    ck_assert_int_eq(::lseek(mine.get(), 70, SEEK_SET), 70);
    write_dump(*must(make_fd_sink(UniqueFd(::dup(mine.get())), "core")));
    const support::Bytes bytes = read_file(scratch.path("core"));
    ck_assert_uint_eq(bytes.size(), 270);
    ck_assert(support::same(support::View(bytes).first(70), support::View(kOld).first(70)));
    expect_dump(support::View(bytes).subspan(70));
    ck_assert_int_eq(::lseek(mine.get(), 0, SEEK_CUR), 270);
}
END_TEST

START_TEST(append_mode_appends) {
    const Scratch scratch;
    support::write_file(scratch.path("core"), kOld);
    const auto sink = must(make_fd_sink(open_rw(scratch.path("core"), O_APPEND), "core"));
    ck_assert(!sink->random_access());
    write_dump(*sink);
    expect_dump(support::View(read_file(scratch.path("core"))).subspan(300));
}
END_TEST

START_TEST(descriptors_that_cannot_be_written_are_refused) {
    must_fail(make_fd_sink(UniqueFd(::open("/dev/null", O_RDONLY)), "dump"),
              "'dump' is not open for writing");
    must_fail(make_fd_sink(UniqueFd(::open("/", O_PATH)), "dump"),
              "'dump' is not open for writing");
    must_fail(make_fd_sink(UniqueFd(), "dump"), "Bad file descriptor");
}
END_TEST

}  // namespace

Suite* fd_sink_suite() {
    return support::make_suite(
        "fd_sink", {descriptor_of_a_file_is_cut_off_behind_the_dump,
                    descriptor_of_a_file_is_not_touched_before_the_first_write,
                    a_dump_of_nothing_leaves_nothing_of_what_the_descriptors_file_held,
                    interrupted_commit_of_a_descriptors_file_is_an_error,
                    dump_begins_at_the_descriptors_position_and_moves_it, append_mode_appends,
                    descriptors_that_cannot_be_written_are_refused});
}

}  // namespace guestdump::dump
