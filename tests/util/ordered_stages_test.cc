// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/ordered_stages.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::util {

Suite* ordered_stages_suite();

namespace {

constexpr unsigned kThreadCounts[] = {1, 2, 3, 8};
constexpr size_t kSlots = 5;

/// Numbers 0 to @count - 1, one for each job.
std::function<Result<bool>(size_t)> numbers(std::vector<int>& slots, int count) {
    return [&slots, count, next = 0](size_t slot) mutable -> Result<bool> {
        if (next == count) return false;
        slots[slot] = next++;
        return true;
    };
}

/// Makes threads overtake one another.
void dawdle(int number) {
    std::this_thread::sleep_for(std::chrono::microseconds(number * 37 % 101));
}

START_TEST(in_order_stages_see_jobs_in_order_for_any_number_of_threads) {
    for (const unsigned threads : kThreadCounts) {
        std::vector<int> slots(kSlots), first, second;
        StagePlan plan;
        plan.begin_job = numbers(slots, 200);
        const auto slow = [&](size_t slot) -> Result<> {
            dawdle(slots[slot]);
            return {};
        };
        const auto note_in = [&](std::vector<int>& list) {
            return [&](size_t slot) -> Result<> {
                list.push_back(slots[slot]);
                return {};
            };
        };
        plan.stages = {{Stage::Order::parallel, slow},
                       {Stage::Order::in_order, note_in(first)},
                       {Stage::Order::parallel, slow},
                       {Stage::Order::in_order, note_in(second)}};

        support::must(run_stages(threads, kSlots, plan));

        ck_assert_uint_eq(first.size(), 200);
        ck_assert(first == second);
        for (int i = 0; i < 200; ++i) ck_assert_int_eq(first[i], i);
    }
}
END_TEST

START_TEST(no_more_jobs_are_under_way_than_there_are_slots) {
    std::vector<int> slots(kSlots);
    std::atomic<int> under_way = 0, most = 0;
    StagePlan plan;
    plan.begin_job = [&, more = numbers(slots, 100)](size_t slot) -> Result<bool> {
        const bool begun = TRY(more(slot));
        if (begun && ++under_way > most) most = under_way.load();
        return begun;
    };
    plan.stages = {{Stage::Order::parallel,
                    [&](size_t slot) -> Result<> {
                        dawdle(slots[slot]);
                        return {};
                    }},
                   {Stage::Order::in_order, [&](size_t) -> Result<> {
                        --under_way;
                        return {};
                    }}};

    support::must(run_stages(8, kSlots, plan));

    ck_assert_int_eq(under_way, 0);
    ck_assert_int_ge(most, 1);
    ck_assert_int_le(most, static_cast<int>(kSlots));
}
END_TEST

START_TEST(an_error_of_any_stage_ends_the_run) {
    for (const unsigned threads : kThreadCounts) {
        for (const size_t bad_stage : {0u, 1u, 2u}) {
            std::vector<int> slots(kSlots);
            std::atomic<int> emitted = 0;
            const auto fail_at_50 = [&](size_t stage) {
                return [&, stage](size_t slot) -> Result<> {
                    if (stage == 2) ++emitted;
                    if (stage == bad_stage && slots[slot] == 50)
                        return Error::make("job 50 failed");
                    return {};
                };
            };
            StagePlan plan;
            plan.begin_job = numbers(slots, 1000);
            plan.stages = {{Stage::Order::parallel, fail_at_50(0)},
                           {Stage::Order::in_order, fail_at_50(1)},
                           {Stage::Order::in_order, fail_at_50(2)}};

            support::must_fail(run_stages(threads, kSlots, plan), "job 50 failed");

            ck_assert_int_le(emitted, 51);
        }
    }
}
END_TEST

START_TEST(an_error_of_begin_job_ends_the_run) {
    for (const unsigned threads : kThreadCounts) {
        StagePlan plan;
        plan.begin_job = [n = 0](size_t) mutable -> Result<bool> {
            if (n++ == 20) return Error::make("cancelled");
            return true;
        };
        plan.stages = {{Stage::Order::parallel, [](size_t) -> Result<> { return {}; }}};
        support::must_fail(run_stages(threads, kSlots, plan), "cancelled");
    }
}
END_TEST

START_TEST(of_several_errors_the_earliest_job_wins) {
    std::vector<int> slots(2);
    std::atomic<bool> second_failed = false;
    StagePlan plan;
    plan.begin_job = numbers(slots, 2);
    plan.stages = {{Stage::Order::parallel, [&](size_t slot) -> Result<> {
                        if (slots[slot] == 1) second_failed = true;
                        while (!second_failed) std::this_thread::yield();
                        return Error::make("job %d failed", slots[slot]);
                    }}};
    support::must_fail(run_stages(2, 2, plan), "job 0 failed");
}
END_TEST

/// Threads of this process.
ptrdiff_t threads_now() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

START_TEST(few_jobs_start_few_threads) {
    std::thread([] {}).join();  // ThreadSanitizer starts a thread of its own with the first one
    std::vector<int> slots(kSlots);
    const ptrdiff_t before = threads_now();
    std::atomic<ptrdiff_t> most = 0;
    StagePlan plan;
    plan.begin_job = numbers(slots, 3);
    plan.stages = {{Stage::Order::parallel, [&](size_t) -> Result<> {
                        std::this_thread::sleep_for(std::chrono::milliseconds(20));
                        most = std::max(most.load(), threads_now() - before);
                        return {};
                    }}};
    support::must(run_stages(1000, kSlots, plan));
    // In addition to the calling thread: one for each other job, and one that found no job.
    ck_assert_int_ge(most, 1);
    ck_assert_int_le(most, 3);
}
END_TEST

START_TEST(parallel_jobs_run_at_once_on_as_many_threads_as_there_may_be) {
    std::vector<int> slots(kSlots);
    std::atomic<int> running = 0;
    StagePlan plan;
    plan.begin_job = numbers(slots, kSlots);
    plan.stages = {{Stage::Order::parallel, [&](size_t) -> Result<> {
                        ++running;
                        while (running < static_cast<int>(kSlots)) std::this_thread::yield();
                        return {};
                    }}};
    support::must(run_stages(kSlots, kSlots, plan));
    ck_assert_int_eq(running, static_cast<int>(kSlots));
}
END_TEST

START_TEST(no_jobs_is_no_error) {
    StagePlan plan;
    plan.begin_job = [](size_t) -> Result<bool> { return false; };
    support::must(run_stages(4, 1, plan));
}
END_TEST

}  // namespace

Suite* ordered_stages_suite() {
    return support::make_suite(
        "ordered_stages",
        {in_order_stages_see_jobs_in_order_for_any_number_of_threads,
         no_more_jobs_are_under_way_than_there_are_slots, an_error_of_any_stage_ends_the_run,
         an_error_of_begin_job_ends_the_run, of_several_errors_the_earliest_job_wins,
         few_jobs_start_few_threads, parallel_jobs_run_at_once_on_as_many_threads_as_there_may_be,
         no_jobs_is_no_error});
}

}  // namespace guestdump::util
