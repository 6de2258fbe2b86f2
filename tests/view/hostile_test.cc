// SPDX-License-Identifier: GPL-2.0-or-later
#include <random>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/view/small_guest.h"
#include "view/report_view.h"
#include "view/stack_view.h"
#include "view/task_view.h"

namespace guestdump::view {

Suite* hostile_suite();

namespace {

using linux_guest::SmallLinux;
using support::must;

/// The text of every answer that a GuestLook can give.
std::string all_answers(GuestLook& look) {
    std::string text = report_text(report_view(look));
    const auto tasks = tasks_view(look.kernel(), {.threads = true});
    if (tasks) text += tasks_text(*tasks, true, true);
    const auto stacks = task_stacks_view(look.kernel(), {.threads = true});
    if (stacks) text += stacks_text(*stacks);
    return text;
}

bool is_printable(const std::string& text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c == '\n' || c == '\t' || (c & 0x80) || c >= ' '; });
}

START_TEST(words_of_a_kernels_memory_may_be_anything) {
    std::mt19937_64 random(19);
    for (int round = 0; round < 300; ++round) {
        SmallLinux image;
        for (int change = 0; change < 1 + round % 64; ++change) {
            const uint64_t at = random() % (SmallLinux::kSize / 8) * 8;
            const uint64_t values[] = {random(), SmallLinux::at(random() % SmallLinux::kSize), 0,
                                       UINT64_MAX, random() % 0x10000};
            image.put64(at, values[random() % 5]);
        }
        SmallLook small(image);
        ck_assert(is_printable(all_answers(*small.look)));
    }
}
END_TEST

START_TEST(random_memory_behind_a_valid_note_ends) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
        SmallLinux image;
        const support::Bytes noise = support::noise(seed, SmallLinux::kSize);
        image.image() = noise;
        SmallLook small(image);
        ck_assert(is_printable(all_answers(*small.look)));
    }
}
END_TEST

START_TEST(counts_that_cannot_be_end) {
    // Each 32-bit word of the tables gets the largest value, one at a time.
    for (uint64_t at = 0; at < SmallLinux::kSize; at += 4) {
        const bool worth = (at >= SmallLinux::kKallsyms && at < SmallLinux::kKallsyms + 0x700) ||
                           (at >= SmallLinux::kBtf && at < SmallLinux::kBtf + 0x400) ||
                           (at >= SmallLinux::kLog && at < SmallLinux::kLog + 0x300) ||
                           at >= SmallLinux::kVariables;
        if (!worth) continue;
        SmallLinux image;
        image.put32(at, UINT32_MAX);
        SmallLook small(image);
        report_view(*small.look);
    }
}
END_TEST

}  // namespace

Suite* hostile_suite() {
    return support::make_suite("hostile", {
                                              words_of_a_kernels_memory_may_be_anything,
                                              random_memory_behind_a_valid_note_ends,
                                              counts_that_cannot_be_end,
                                          });
}

}  // namespace guestdump::view
