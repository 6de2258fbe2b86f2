// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/weak_this.h"

#include <functional>
#include <optional>
#include <string>

#include "tests/support/run_suites.h"

namespace guestdump::util {

Suite* weak_this_suite();

namespace {

class Counter {
  public:
    explicit Counter(int& count) : count_(count) {}

    std::function<void(int)> adder() {
        return weak_.guard([](Counter& self, int count) { self.count_ += count; });
    }
    std::function<void()> reset(std::optional<Counter>& owner) {
        return weak_.guard([&owner](Counter&) { owner.reset(); });
    }

  private:
    int& count_;
    WeakThis<Counter> weak_{this};
};

START_TEST(a_guarded_function_gets_the_object_and_its_arguments) {
    int count = 0;
    Counter counter(count);
    const std::function<void(int)> add = counter.adder(), copy = add;
    add(3);
    copy(4);
    ck_assert_int_eq(count, 7);
}
END_TEST

START_TEST(a_guarded_function_does_nothing_when_the_object_is_gone) {
    int count = 0;
    std::optional<Counter> counter(std::in_place, count);
    const std::function<void(int)> add = counter->adder();
    counter.reset();
    add(3);
    ck_assert_int_eq(count, 0);
}
END_TEST

START_TEST(a_guarded_function_may_destroy_the_object) {
    int count = 0;
    std::optional<Counter> counter(std::in_place, count);
    const std::function<void()> reset = counter->reset(counter);
    reset();
    ck_assert(!counter);
    reset();
}
END_TEST

}  // namespace

Suite* weak_this_suite() {
    return support::make_suite("weak_this",
                               {
                                   a_guarded_function_gets_the_object_and_its_arguments,
                                   a_guarded_function_does_nothing_when_the_object_is_gone,
                                   a_guarded_function_may_destroy_the_object,
                               });
}

}  // namespace guestdump::util
