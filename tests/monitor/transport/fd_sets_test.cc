// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/transport/fd_sets.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "tests/monitor/test_client.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::monitor {
namespace {

std::vector<util::UniqueFd> opened(int flags) {
    std::vector<util::UniqueFd> fds;
    fds.emplace_back(open("/dev/null", flags | O_CLOEXEC));
    return fds;
}

START_TEST(sets_are_numbered_from_zero_and_listed) {
    FdSets sets;
    const int first = support::must(sets.add(std::move(opened(O_RDONLY)[0]), {}, "log")).fd;
    const auto second = support::must(sets.add(std::move(opened(O_RDONLY)[0]), {}, {}));
    const int third = support::must(sets.add(std::move(opened(O_RDWR)[0]), 0, {})).fd;
    ck_assert_int_eq(second.fdset_id, 1);
    const std::vector<qapi::FdsetInfo> expected = {
        {.fdset_id = 0, .fds = {{.fd = first, .opaque = "log"}, {.fd = third, .opaque = {}}}},
        {.fdset_id = 1, .fds = {{.fd = second.fd, .opaque = {}}}},
    };
    ck_assert(sets.list() == expected);
}
END_TEST

START_TEST(negative_set_is_refused) {
    FdSets sets;
    support::must_fail(sets.add(std::move(opened(O_RDONLY)[0]), -1, {}),
                       "Parameter 'fdset-id' expects a non-negative value");
}
END_TEST

START_TEST(removed_descriptors_are_closed_and_an_empty_set_goes) {
    FdSets sets;
    const int one = support::must(sets.add(std::move(opened(O_RDONLY)[0]), 3, {})).fd;
    const int other = support::must(sets.add(std::move(opened(O_RDONLY)[0]), 3, {})).fd;
    support::must_fail(sets.remove(4, {}), "File descriptor named 'fdset-id:4' not found");
    support::must_fail(sets.remove(3, 9999),
                       "File descriptor named 'fdset-id:3, fd:9999' not found");
    support::must(sets.remove(3, one));
    ck_assert_int_lt(fcntl(one, F_GETFD), 0);
    ck_assert_int_ge(fcntl(other, F_GETFD), 0);
    support::must(sets.remove(3, {}));
    ck_assert(sets.list().empty());
}
END_TEST

START_TEST(path_of_a_set_opens_a_copy_that_can_be_written) {
    FdSets sets;
    support::must(sets.add(std::move(opened(O_RDONLY)[0]), 2, {}));
    support::must_fail(sets.open_for_writing("/dev/fdset/2"),
                       "Could not open '/dev/fdset/2': Permission denied");
    const int writable = support::must(sets.add(std::move(opened(O_WRONLY)[0]), 2, {})).fd;
    const util::UniqueFd copy = support::must(sets.open_for_writing("/dev/fdset/2"));
    ck_assert(copy && copy.get() != writable);
    support::must_fail(sets.open_for_writing("/dev/fdset/1"), "No such file or directory");
}
END_TEST

START_TEST(other_paths_are_none_of_a_sets) {
    FdSets sets;
    for (const char* path : {"/dev/null", "/dev/fdset/", "/dev/fdset/x", "/dev/fdset/1x", ""}) {
        ck_assert(!support::must(sets.open_for_writing(path)));
    }
}
END_TEST

START_TEST(dump_goes_into_a_set_that_another_client_filled) {
    TestMachine vm;
    Negotiated one(vm.services), other(vm.services);
    ck_assert(one.ask(R"({"execute": "add-fd", "arguments": {"fdset-id": 5}})", opened(O_WRONLY))
                  .starts_with(R"({"return": {"fdset-id": 5, "fd": )"));
    check_text(one.ask(R"({"execute": "add-fd", "arguments": {"fdset-id": 5}})"),
               generic("No file descriptor supplied via SCM_RIGHTS"));
    other.ask(R"({"execute": "dump-guest-memory", "arguments":
                  {"paging": false, "protocol": "file:/dev/fdset/5"}})");
    vm.loop.run_until([&] { return !vm.dump.active(); });
    ck_assert(other.take().ends_with(kOk));
    check_text(other.ask(R"({"execute": "remove-fd", "arguments": {"fdset-id": 5}})"), kOk);
    check_text(other.ask(R"({"execute": "query-fdsets"})"), "{\"return\": []}\r\n");
}
END_TEST

}  // namespace

Suite* fd_sets_suite() {
    return support::make_suite("fd_sets", {
                                              sets_are_numbered_from_zero_and_listed,
                                              negative_set_is_refused,
                                              removed_descriptors_are_closed_and_an_empty_set_goes,
                                              path_of_a_set_opens_a_copy_that_can_be_written,
                                              other_paths_are_none_of_a_sets,
                                              dump_goes_into_a_set_that_another_client_filled,
                                          });
}

}  // namespace guestdump::monitor
