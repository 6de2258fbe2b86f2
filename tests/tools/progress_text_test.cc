// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/progress_text.h"

#include "tests/support/run_suites.h"

namespace guestdump::tools {

Suite* progress_text_suite();

namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;
constexpr ProgressView kQuarter = {
    .completed = kGiB, .total = 4 * kGiB, .seconds = 2, .remaining = 6};
const std::string kWords = " 25.0 %  1.0 of 4.0 GiB  512.0 MiB/s  0:06 left";

START_TEST(bar_fills_as_far_as_the_dump_has_come) {
    ck_assert(progress_text(kQuarter, 51 + 20) == "[=====>              ]" + ("  " + kWords));
    ProgressView view = kQuarter;
    view.completed = view.total;
    ck_assert(progress_text(view, 200).starts_with("[" + std::string(40, '=') + "]  100.0 %"));
    view.completed = 0;
    ck_assert(progress_text(view, 200).starts_with("[>" + std::string(39, ' ') + "]    0.0 %"));
}
END_TEST

START_TEST(line_is_never_wider_than_the_terminal) {
    for (unsigned columns = 0; columns < 300; ++columns) {
        ck_assert_uint_le(progress_text(kQuarter, columns).size(), columns);
    }
    ck_assert(progress_text(kQuarter, 49) == kWords);
    ck_assert(progress_text(kQuarter, 12) == " 25.0 %");
}
END_TEST

START_TEST(what_is_not_known_is_not_told) {
    ck_assert(progress_words({.completed = 0, .total = 2048}) == "0.0 %, 0.0 of 2.0 KiB");
    ck_assert(progress_words({}) == "0.0 %, 0.0 of 0.0 bytes");
    const ProgressView guessed = with_guess({.completed = 0, .total = 10, .seconds = 1});
    ck_assert(!guessed.remaining);
}
END_TEST

START_TEST(guess_is_that_the_rest_goes_as_fast) {
    const ProgressView guessed = with_guess({.completed = 10, .total = 40, .seconds = 2});
    ck_assert(guessed.remaining == 6.0);
}
END_TEST

START_TEST(more_than_everything_is_everything) {
    const ProgressView view = with_guess({.completed = 50, .total = 40, .seconds = 1});
    ck_assert(progress_words(view).starts_with("100.0 %"));
    ck_assert(!view.remaining);
}
END_TEST

START_TEST(file_that_is_made_durable_has_no_rate) {
    ProgressView view = kQuarter;
    view.committing = true;
    ck_assert(progress_words(view) == "25.0 %, 1.0 of 4.0 GiB, making the file durable");
}
END_TEST

START_TEST(times_have_hours_where_they_need_them) {
    ck_assert(time_text(0) == "0:00");
    ck_assert(time_text(0.1) == "0:01");
    ck_assert(time_text(59.5) == "1:00");
    ck_assert(time_text(3600) == "1:00:00");
    ck_assert(time_text(1e300) == "99:59:59");
    ck_assert(time_text(-1) == "0:00");
}
END_TEST

}  // namespace

Suite* progress_text_suite() {
    return support::make_suite("progress_text", {
                                                    bar_fills_as_far_as_the_dump_has_come,
                                                    line_is_never_wider_than_the_terminal,
                                                    what_is_not_known_is_not_told,
                                                    guess_is_that_the_rest_goes_as_fast,
                                                    more_than_everything_is_everything,
                                                    file_that_is_made_durable_has_no_rate,
                                                    times_have_hours_where_they_need_them,
                                                });
}

}  // namespace guestdump::tools
