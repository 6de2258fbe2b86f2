// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/targets.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scratch.h"

namespace dump {

Suite* targets_suite();

namespace {

using support::must;
using support::must_fail;
using support::read_file;
using support::Scratch;
using util::UniqueFd;

const support::Bytes kOld(300, std::byte{0x0f});
const support::Bytes kData(100, std::byte{0xda});

/// 100 bytes at 50 of 200.
void write_dump(Sink& sink) {
    must(sink.write_at(50, kData));
    must(sink.finish(200));
    must(sink.commit());
}

void expect_dump(support::View bytes) {
    ck_assert_uint_eq(bytes.size(), 200);
    ck_assert(support::all_zero(bytes.first(50)));
    ck_assert(support::same(bytes.subspan(50, 100), kData));
    ck_assert(support::all_zero(bytes.subspan(150)));
}

UniqueFd open_rw(const std::string& path, int flags = 0) {
    return UniqueFd(::open(path.c_str(), O_RDWR | O_CLOEXEC | flags, 0600));
}

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
        must(open_file_sink(link));  // one's own
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

START_TEST(pipe_gets_zeros_for_gaps_and_its_end) {
    std::array<int, 2> ends;
    ck_assert_int_eq(::pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    const auto sink = must(make_fd_sink(UniqueFd(ends[1]), "pipe"));
    ck_assert(!sink->random_access());
    write_dump(*sink);
    std::array<std::byte, 300> bytes;
    ck_assert_int_eq(::read(reader.get(), bytes.data(), bytes.size()), 200);
    expect_dump(support::View(bytes).first(200));
    ck_assert_int_eq(::read(reader.get(), bytes.data(), 1), 0);
}
END_TEST

START_TEST(pipe_cannot_go_back) {
    std::array<int, 2> ends;
    ck_assert_int_eq(::pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    const auto sink = must(make_fd_sink(UniqueFd(ends[1]), "pipe"));
    must(sink->write_at(0, kData));
    must_fail(sink->write_at(99, kData), "'pipe' cannot seek back from offset 100 to 99");
}
END_TEST

START_TEST(a_large_write_reaches_a_slow_reader_whole) {
    std::array<int, 2> ends;
    for (const int kind : {0, 1, 2, 3}) {
        const bool socket = kind & 1, waits = kind & 2;
        ck_assert_int_eq(
            socket ? ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) : ::pipe(ends.data()), 0);
        UniqueFd reader(ends[0]);
        // The client may have made its end so that writing to it does not wait.
        if (!waits) ck_assert_int_eq(::fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
        const support::Bytes data = support::noise(1, 3 << 20);
        support::Bytes got;
        std::thread drain([&] {
            std::array<std::byte, 7000> piece;
            while (true) {
                const ssize_t size = ::read(reader.get(), piece.data(), piece.size());
                if (size <= 0) break;
                got.insert(got.end(), piece.begin(), piece.begin() + size);
            }
        });
        auto sink = must(make_fd_sink(UniqueFd(ends[1]), "stream"));
        must(sink->write_at(0, data));
        must(sink->finish(data.size()));
        must(sink->commit());
        drain.join();
        ck_assert(support::same(got, data));
    }
}
END_TEST

START_TEST(clients_pipe_does_not_become_nonblocking) {
    std::array<int, 2> ends;
    ck_assert_int_eq(::pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]), mine(::dup(ends[1]));
    const auto sink = must(make_fd_sink(UniqueFd(ends[1]), "pipe"));
    must(sink->write_at(0, kData));
    ck_assert_int_eq(::fcntl(mine.get(), F_GETFL) & O_NONBLOCK, 0);
}
END_TEST

START_TEST(reader_that_goes_away_is_an_error_not_a_signal) {
    ::signal(SIGPIPE, SIG_IGN);
    std::array<int, 2> ends;
    ck_assert_int_eq(::pipe2(ends.data(), O_CLOEXEC), 0);
    UniqueFd reader(ends[0]);
    const auto sink = must(make_fd_sink(UniqueFd(ends[1]), "pipe"));
    must(sink->write_at(0, kData));
    reader.reset();
    const util::Result<> gone = sink->write_at(100, kData);
    must_fail(gone, "writing 100 bytes at offset 100 of 'pipe': Broken pipe");
    ck_assert_int_eq(gone.error().os_error(), EPIPE);
}
END_TEST

START_TEST(interrupt_ends_the_wait_for_a_reader_that_stalls) {
    std::array<int, 2> ends;
    ck_assert_int_eq(::pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    const auto sink = must(make_fd_sink(UniqueFd(ends[1]), "pipe"));
    std::thread soon([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        sink->interrupt();
    });
    must_fail(sink->write_at(0, support::Bytes(1 << 20)), "cancelled");
    soon.join();
}
END_TEST

/// A pseudo-terminal that takes every byte as it is. It blocks.
struct Terminal {
    UniqueFd master{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    UniqueFd slave{};

    Terminal() {
        ck_assert(master && ::grantpt(master.get()) == 0 && ::unlockpt(master.get()) == 0);
        slave.reset(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
        termios raw;
        ck_assert_int_eq(::tcgetattr(slave.get(), &raw), 0);
        ::cfmakeraw(&raw);
        ck_assert_int_eq(::tcsetattr(slave.get(), TCSANOW, &raw), 0);
    }
};

START_TEST(interrupt_ends_the_wait_for_a_terminal_that_nobody_reads) {
    for (const bool to_master : {false, true}) {
        Terminal terminal;
        UniqueFd& ours = to_master ? terminal.master : terminal.slave;
        const UniqueFd clients(::fcntl(ours.get(), F_DUPFD_CLOEXEC, 0));
        const auto sink = must(make_fd_sink(std::move(ours), "terminal"));
        std::thread soon([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            sink->interrupt();
        });
        must_fail(sink->write_at(0, support::Bytes(1 << 20)), "cancelled");
        soon.join();
        ck_assert_int_eq(::fcntl(clients.get(), F_GETFL) & O_NONBLOCK, 0);
    }
}
END_TEST

START_TEST(terminal_gets_the_bytes_in_order) {
    Terminal terminal;
    const support::Bytes data = support::noise(1, 100000);
    support::Bytes got;
    std::thread drain([&] {
        std::array<std::byte, 7000> piece;
        while (got.size() < data.size()) {
            const ssize_t size = ::read(terminal.master.get(), piece.data(), piece.size());
            if (size <= 0) break;
            got.insert(got.end(), piece.begin(), piece.begin() + size);
        }
    });
    must(must(make_fd_sink(std::move(terminal.slave), "terminal"))->write_at(0, data));
    drain.join();
    ck_assert(support::same(got, data));
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

Suite* targets_suite() {
    return support::make_suite(
        "targets", {file_has_no_name_before_commit,
                    existing_file_stays_until_the_new_one_is_whole,
                    abandoned_file_leaves_nothing,
                    interrupted_commit_leaves_what_was_there,
                    unwritten_runs_become_holes,
                    symbolic_link_is_followed_and_stays,
                    path_of_an_open_file_is_that_file_whatever_its_name,
                    a_link_that_another_user_has_put_into_everybodys_folder_is_not_followed,
                    paths_that_cannot_be_written_say_why,
                    fifo_without_a_reader_is_an_error_not_a_wait,
                    device_is_written_to_as_it_is,
                    descriptor_of_a_file_is_cut_off_behind_the_dump,
                    descriptor_of_a_file_is_not_touched_before_the_first_write,
                    a_dump_of_nothing_leaves_nothing_of_what_the_descriptors_file_held,
                    interrupt_ends_the_writing_of_files_too,
                    interrupted_commit_of_a_descriptors_file_is_an_error,
                    dump_begins_at_the_descriptors_position_and_moves_it,
                    append_mode_appends,
                    pipe_gets_zeros_for_gaps_and_its_end,
                    pipe_cannot_go_back,
                    a_large_write_reaches_a_slow_reader_whole,
                    clients_pipe_does_not_become_nonblocking,
                    reader_that_goes_away_is_an_error_not_a_signal,
                    interrupt_ends_the_wait_for_a_reader_that_stalls,
                    interrupt_ends_the_wait_for_a_terminal_that_nobody_reads,
                    terminal_gets_the_bytes_in_order,
                    descriptors_that_cannot_be_written_are_refused});
}

}  // namespace dump
