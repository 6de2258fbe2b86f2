// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/estimate_queue.h"

#include <semaphore>

#include "tests/support/main_loop.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scripted_guest.h"

namespace dump {

Suite* estimate_queue_suite();

namespace {

using support::MainLoop;
using support::must;
using support::must_fail;
using support::ScriptedGuest;

/// Memory that cannot be read before it is let go, as on a disk that sleeps.
class SlowRam final : public RamRegion {
  public:
    std::string_view name() const override { return "slow"; }
    uint64_t size() const override { return 4096; }
    Result<> read(uint64_t, std::span<std::byte> out) const override {
        reached.release();
        go.acquire();
        go.release();
        std::fill(out.begin(), out.end(), std::byte{1});
        return {};
    }

    mutable std::counting_semaphore<> reached{0}, go{0};
};

Snapshot snapshot_of(const std::shared_ptr<const RamRegion>& ram) {
    Snapshot snapshot;
    snapshot.arch.page_size = 4096;
    must(snapshot.blocks.add({.range = {Gpa{0}, ram->size()}, .region = ram, .offset = 0}));
    snapshot.memory = snapshot.blocks;
    must(snapshot.mappings.push_back({.phys = Gpa{0}, .virt = Gva{0}, .length = ram->size()}));
    return snapshot;
}

std::unique_ptr<ScriptedGuest> small_guest() {
    return must(ScriptedGuest::parse("cpus 1\nram 0x0 3 pages = text 00 11\n"));
}

START_TEST(an_estimate_is_what_it_would_have_been_at_once) {
    const auto guest = small_guest();
    const Request request = ElfRequest{};
    const Snapshot snapshot = must(Snapshot::take(*guest, request));
    MainLoop loop;
    EstimateQueue queue(loop.post());
    std::optional<SizeEstimate> size;
    queue.add(must(Snapshot::take(*guest, request)), request,
              [&](Result<SizeEstimate> result) { size = must(result); });
    ck_assert(!size);
    loop.run_until([&] { return size.has_value(); });
    const SizeEstimate direct = must(estimate_size(snapshot, request, RamSource(snapshot.blocks)));
    ck_assert_uint_eq(size->bytes, direct.bytes);
    ck_assert_uint_eq(size->highest, direct.highest);
    ck_assert_uint_eq(size->without_holes, direct.without_holes);
}
END_TEST

START_TEST(slow_memory_holds_up_the_estimates_behind_it_and_nobody_else) {
    const auto slow = std::make_shared<SlowRam>();
    const auto guest = small_guest();
    MainLoop loop;
    EstimateQueue queue(loop.post());
    std::string order;
    queue.add(snapshot_of(slow), ElfRequest{}, [&](Result<SizeEstimate>) { order += "a"; });
    for (const char* name : {"b", "c"}) {
        queue.add(must(Snapshot::take(*guest, ElfRequest{})), ElfRequest{},
                  [&order, name](Result<SizeEstimate> result) {
                      must(std::move(result));
                      order += name;
                  });
    }
    slow->reached.acquire();
    bool turned = false;
    loop.post()([&] { turned = true; });
    loop.run_until([&] { return turned; });
    ck_assert(order.empty());
    slow->go.release();
    loop.run_until([&] { return order.size() == 3; });
    ck_assert(order == "abc");
}
END_TEST

START_TEST(an_estimate_that_fails_says_why_and_the_next_is_made) {
    const auto guest = small_guest();
    const auto snapshot = [&] { return must(Snapshot::take(*guest, KdumpRequest{})); };
    MainLoop loop;
    EstimateQueue queue(loop.post());
    std::vector<Result<SizeEstimate>> results;
    const auto keep = [&](Result<SizeEstimate> result) { results.push_back(std::move(result)); };
    queue.add(snapshot(), KdumpRequest{.level = 99}, keep);
    queue.add(snapshot(), KdumpRequest{}, keep);
    loop.run_until([&] { return results.size() == 2; });
    must_fail(results[0], "level");
    must(std::move(results[1]));
}
END_TEST

START_TEST(one_who_asks_again_when_told_is_told_again) {
    const auto guest = small_guest();
    MainLoop loop;
    EstimateQueue queue(loop.post());
    int told = 0;
    const std::function<void(Result<SizeEstimate>)> again = [&](Result<SizeEstimate> result) {
        must(std::move(result));
        if (++told < 3) queue.add(must(Snapshot::take(*guest, ElfRequest{})), ElfRequest{}, again);
    };
    queue.add(must(Snapshot::take(*guest, ElfRequest{})), ElfRequest{}, again);
    loop.run_until([&] { return told == 3; });
}
END_TEST

START_TEST(nobody_is_told_when_it_has_gone) {
    const auto slow = std::make_shared<SlowRam>();
    MainLoop loop;
    bool told = false;
    {
        EstimateQueue queue(loop.post());
        for (int i = 0; i < 2; ++i) {
            queue.add(snapshot_of(slow), ElfRequest{}, [&](Result<SizeEstimate>) { told = true; });
        }
        slow->reached.acquire();
        slow->go.release();
    }
    bool turned = false;
    loop.post()([&] { turned = true; });
    loop.run_until([&] { return turned; });
    ck_assert(!told);
}
END_TEST

}  // namespace

Suite* estimate_queue_suite() {
    return support::make_suite(
        "estimate_queue",
        {an_estimate_is_what_it_would_have_been_at_once,
         slow_memory_holds_up_the_estimates_behind_it_and_nobody_else,
         an_estimate_that_fails_says_why_and_the_next_is_made,
         one_who_asks_again_when_told_is_told_again, nobody_is_told_when_it_has_gone});
}

}  // namespace dump
