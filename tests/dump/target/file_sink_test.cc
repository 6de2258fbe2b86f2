// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/target/targets.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/dump/written_dump.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scratch.h"

namespace guestdump::dump {

Suite* file_sink_suite();

namespace {

using support::must;
using support::must_fail;
using support::read_file;
using support::Scratch;
using util::UniqueFd;

START_TEST(file_has_no_name_before_commit) {
    const Scratch scratch;
    auto sink = must(open_file_sink(scratch.path("core")));
    must(sink->write_at(0, kData));
    must(sink->finish(100));
    ck_assert(scratch.names().empty());
    must(sink->commit());
    ck_assert(scratch.names() == std::vector<std::string>{"core"});
    struct stat status;
    ck_assert_int_eq(::stat(scratch.path("core").c_str(), &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0600);
}
END_TEST

START_TEST(existing_file_stays_until_the_new_one_is_whole) {
    const Scratch scratch;
    support::write_file(scratch.path("core"), kOld);
    auto sink = must(open_file_sink(scratch.path("core")));
    must(sink->write_at(50, kData));
    ck_assert(support::same(read_file(scratch.path("core")), kOld));
    must(sink->finish(200));
    must(sink->commit());
    expect_dump(read_file(scratch.path("core")));
    ck_assert_uint_eq(scratch.names().size(), 1);
}
END_TEST

START_TEST(abandoned_file_leaves_nothing) {
    const Scratch scratch;
    const size_t descriptors = support::open_descriptors();
    support::write_file(scratch.path("core"), kOld);
    must(must(open_file_sink(scratch.path("core")))->write_at(0, kData));
    must(must(open_file_sink(scratch.path("other")))->finish(100));
    ck_assert(scratch.names() == std::vector<std::string>{"core"});
    ck_assert(support::same(read_file(scratch.path("core")), kOld));
    ck_assert_uint_eq(support::open_descriptors(), descriptors);
}
END_TEST

START_TEST(interrupted_commit_leaves_what_was_there) {
    const Scratch scratch;
    support::write_file(scratch.path("core"), kOld);
    auto sink = must(open_file_sink(scratch.path("core")));
    must(sink->write_at(0, kData));
    must(sink->finish(100));
    sink->interrupt();
    must_fail(sink->commit(), "cancelled");
    sink.reset();
    ck_assert(scratch.names() == std::vector<std::string>{"core"});
    ck_assert(support::same(read_file(scratch.path("core")), kOld));
}
END_TEST

START_TEST(unwritten_runs_become_holes) {
    const Scratch scratch;
    auto sink = must(open_file_sink(scratch.path("core")));
    must(sink->write_at(uint64_t{1} << 30, kData));
    must(sink->finish(uint64_t{2} << 30));
    must(sink->commit());
    struct stat status;
    ck_assert_int_eq(::stat(scratch.path("core").c_str(), &status), 0);
    ck_assert_int_eq(status.st_size, int64_t{2} << 30);
    ck_assert_int_lt(status.st_blocks * 512, 1 << 20);
}
END_TEST

START_TEST(symbolic_link_is_followed_and_stays) {
    const Scratch scratch;
    ::mkdir(scratch.path("there").c_str(), 0700);
    ck_assert_int_eq(::symlink("there/core", scratch.path("link").c_str()), 0);
    write_dump(*must(open_file_sink(scratch.path("link"))));
    expect_dump(read_file(scratch.path("there/core")));
    struct stat status;
    ck_assert_int_eq(::lstat(scratch.path("link").c_str(), &status), 0);
    ck_assert(S_ISLNK(status.st_mode));
    ck_assert_int_eq(::symlink("circle", scratch.path("circle").c_str()), 0);
    must_fail(open_file_sink(scratch.path("circle")), "Too many levels of symbolic links");
}
END_TEST

START_TEST(path_of_an_open_file_is_that_file_whatever_its_name) {
    const Scratch scratch;
    const UniqueFd nameless(::memfd_create("core", MFD_CLOEXEC));
    const UniqueFd gone = open_rw(scratch.path("gone"), O_CREAT);
    ::unlink(scratch.path("gone").c_str());
    support::write_file(scratch.path("named"), kOld);
    const UniqueFd named = open_rw(scratch.path("named"));
    for (const int fd : {nameless.get(), gone.get(), named.get()}) {
        const std::string path = "/proc/self/fd/" + std::to_string(fd);
        const std::string link = scratch.path("link");
        ck_assert_int_eq(::symlink(path.c_str(), link.c_str()), 0);
        for (const std::string& name : {path, link}) {
            write_dump(*must(open_file_sink(name)));
            expect_dump(read_file(path));
            ck_assert_int_eq(::ftruncate(fd, 0), 0);
        }
        ::unlink(link.c_str());
    }
    ck_assert(scratch.names() == std::vector<std::string>{"named"});
}
END_TEST

START_TEST(a_link_that_another_user_has_put_into_everybodys_folder_is_not_followed) {
    if (::geteuid() != 0) return;  // only root can make such a link here
    const Scratch scratch;
    ck_assert_int_eq(::chmod(scratch.folder().c_str(), 01777), 0);
    for (const bool exists : {false, true}) {
        const std::string link = scratch.path("link"), there = scratch.path("there");
        ::unlink(link.c_str());
        if (exists) support::write_file(there, kOld);
        ck_assert_int_eq(::symlink("there", link.c_str()), 0);
        must(open_file_sink(link));  // our own link
        ck_assert_int_eq(::lchown(link.c_str(), 65534, 65534), 0);
        must_fail(open_file_sink(link), "Could not open '" + link + "': Permission denied");
        if (exists) ck_assert(read_file(there) == kOld);
    }
}
END_TEST

START_TEST(paths_that_cannot_be_written_say_why) {
    const Scratch scratch;
    must_fail(open_file_sink(scratch.path("no/such")), "Could not open '");
    must_fail(open_file_sink(scratch.path("no/such")), "No such file or directory");
    must_fail(open_file_sink(scratch.folder()), "Is a directory");
    must_fail(open_file_sink(scratch.path("new/")), "No such file or directory");
    must_fail(open_file_sink(""), "No such file or directory");
    must_fail(open_file_sink("/proc/core"), "Could not open '/proc/core'");
    must_fail(open_file_sink(std::string(5000, 'x')), "File name too long");
}
END_TEST

START_TEST(fifo_without_a_reader_is_an_error_not_a_wait) {
    const Scratch scratch;
    ck_assert_int_eq(::mkfifo(scratch.path("fifo").c_str(), 0600), 0);
    must_fail(open_file_sink(scratch.path("fifo")), "No such device or address");
}
END_TEST

START_TEST(device_is_written_to_as_it_is) {
    write_dump(*must(open_file_sink("/dev/null")));
    const auto full = must(open_file_sink("/dev/full"));
    must_fail(full->write_at(0, kData),
              "writing 100 bytes at offset 0 of '/dev/full': No space left");
}
END_TEST

START_TEST(interrupt_ends_the_writing_of_files_too) {
    const Scratch scratch;
    const auto named = must(open_file_sink(scratch.path("named")));
    const auto passed = must(make_fd_sink(open_rw(scratch.path("passed"), O_CREAT), "passed"));
    for (Sink* sink : {named.get(), passed.get()}) {
        must(sink->write_at(0, kData));
        sink->interrupt();
        must_fail(sink->write_at(100, kData), "cancelled");
    }
}
END_TEST

}  // namespace

Suite* file_sink_suite() {
    return support::make_suite(
        "file_sink",
        {file_has_no_name_before_commit, existing_file_stays_until_the_new_one_is_whole,
         abandoned_file_leaves_nothing, interrupted_commit_leaves_what_was_there,
         unwritten_runs_become_holes, symbolic_link_is_followed_and_stays,
         path_of_an_open_file_is_that_file_whatever_its_name,
         a_link_that_another_user_has_put_into_everybodys_folder_is_not_followed,
         paths_that_cannot_be_written_say_why, fifo_without_a_reader_is_an_error_not_a_wait,
         device_is_written_to_as_it_is, interrupt_ends_the_writing_of_files_too});
}

}  // namespace guestdump::dump
