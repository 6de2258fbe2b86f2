// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/vcpu_thread.h"

#include <semaphore>

#include "tests/support/run_suites.h"

namespace guestdump::vm {

Suite* vcpu_thread_suite();

namespace {

void no_kick(pthread_t) {}

START_TEST(stands_still_until_it_is_run) {
    std::binary_semaphore entered{0};
    VcpuThread thread(
        [&entered](VcpuThread& self) {
            entered.release();
            self.wait_for_stop_request();
        },
        no_kick);
    thread.wait_stopped();
    ck_assert(!entered.try_acquire());
    thread.run();
    entered.acquire();
}
END_TEST

START_TEST(what_it_wrote_is_seen_after_each_stop) {
    uint64_t count = 0;
    VcpuThread thread(
        [&count](VcpuThread& self) {
            do ++count;
            while (!self.stop_requested());
        },
        no_kick);
    for (int i = 0; i < 100; ++i) {
        const uint64_t before = count;
        thread.run();
        thread.request_stop();
        thread.wait_stopped();
        ck_assert_uint_gt(count, before);
    }
}
END_TEST

START_TEST(a_stop_is_not_lost_however_early_it_comes) {
    std::atomic<int> kicks = 0;
    VcpuThread thread([](VcpuThread& self) { self.wait_for_stop_request(); },
                      [&kicks](pthread_t) { ++kicks; });
    for (int i = 0; i < 1000; ++i) {
        thread.run();
        thread.request_stop();
        thread.wait_stopped();
    }
    ck_assert_int_eq(kicks, 1000);
}
END_TEST

START_TEST(one_that_cannot_go_on_is_stopped_and_can_be_run_again) {
    std::atomic<int> runs = 0;
    VcpuThread thread([&runs](VcpuThread&) { ++runs; }, no_kick);
    for (int i = 1; i <= 10; ++i) {
        thread.run();
        thread.wait_stopped();
        thread.request_stop();
        ck_assert_int_eq(runs, i);
    }
}
END_TEST

START_TEST(ends_while_it_runs) {
    VcpuThread thread([](VcpuThread& self) { self.wait_for_stop_request(); }, no_kick);
    thread.run();
}
END_TEST

}  // namespace

Suite* vcpu_thread_suite() {
    return support::make_suite(
        "vcpu_thread", {stands_still_until_it_is_run, what_it_wrote_is_seen_after_each_stop,
                        a_stop_is_not_lost_however_early_it_comes,
                        one_that_cannot_go_on_is_stopped_and_can_be_run_again, ends_while_it_runs});
}

}  // namespace guestdump::vm
