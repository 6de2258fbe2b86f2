// SPDX-License-Identifier: GPL-2.0-or-later
#include <thread>

#include "tests/linux/same_text.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/view/small_guest.h"
#include "view/log_view.h"
#include "view/report_view.h"
#include "view/stack_view.h"
#include "view/task_view.h"

namespace guestdump::view {

Suite* time_limit_suite();

namespace {

using linux_guest::check_text;
using linux_guest::SmallLinux;
using support::must;
using support::must_fail;

START_TEST(a_look_that_takes_too_long_is_incomplete) {
    SmallLook small(SmallLinux(), std::chrono::milliseconds(0));
    const qapi::GuestReport report = report_view(*small.look);
    check_text(report.warnings.back(),
               "incomplete: reading the guest's memory took longer than its time limit");
    must_fail(log_view(small.kernel(), {}), "the 0 ms for reading the guest's memory are over");
}
END_TEST

/// The stacks of sleeping tasks are read slower than kLimit allows; all else is read at once.
class SlowStacks final : public guest::PageSource {
  public:
    static constexpr std::chrono::milliseconds kLimit{5000};  // a busy host reads the rest in this

    explicit SlowStacks(std::shared_ptr<const guest::PageSource> fast) : fast_(std::move(fast)) {}

    const guest::GuestPhysBlockList& blocks() const override { return fast_->blocks(); }
    Result<> read(guest::Gpa from, std::span<std::byte> out) const override {
        const uint64_t stacks = kSmallPhysical + SmallLinux::kStacks + SmallLinux::kStackSize;
        if (from.value >= stacks && from.value < stacks + 3 * SmallLinux::kStackSize && !slept_) {
            slept_ = true;
            std::this_thread::sleep_for(kLimit);
        }
        return fast_->read(from, out);
    }
    Result<> read_padded(guest::Gpa from, std::span<std::byte> out) const override {
        return fast_->read_padded(from, out);
    }
    guest::RamExtent extent(guest::Gpa from, uint64_t limit) const override {
        return fast_->extent(from, limit);
    }

  private:
    std::shared_ptr<const guest::PageSource> fast_;
    mutable bool slept_ = false;
};

std::unique_ptr<GuestLook> slow_look(const util::Cancellation& never) {
    GuestMoment moment = small_moment(SmallLinux());
    moment.memory = std::make_shared<SlowStacks>(moment.memory);
    return must(
        GuestLook::open(std::move(moment), {.threads = 1, .limit = SlowStacks::kLimit}, never));
}

START_TEST(tasks_that_take_too_long_are_incomplete) {
    const util::Cancellation never;
    const qapi::GuestTasks tasks = must(tasks_view(slow_look(never)->kernel(), {.threads = true}));
    ck_assert(tasks.incomplete == "reading the guest's memory took longer than its time limit");
    ck_assert_uint_eq(tasks.tasks.size(), 4);  // they were read before their stacks
    ck_assert(!tasks.tasks[2].waits_in);
}
END_TEST

START_TEST(stacks_that_take_too_long_are_incomplete) {
    const util::Cancellation never;
    const qapi::GuestStacks stacks =
        must(task_stacks_view(slow_look(never)->kernel(), {.threads = true}));
    ck_assert(stacks.incomplete == "reading the guest's memory took longer than its time limit");
    ck_assert_uint_lt(stacks.stacks.size(), 4);
    const BlockedTasks blocked = must(blocked_view(slow_look(never)->kernel()));
    check_text(blocked.incomplete, "reading the guest's memory took longer than its time limit");
}
END_TEST

}  // namespace

Suite* time_limit_suite() {
    return support::make_suite("time_limit", {a_look_that_takes_too_long_is_incomplete,
                                              tasks_that_take_too_long_are_incomplete,
                                              stacks_that_take_too_long_are_incomplete});
}

}  // namespace guestdump::view
