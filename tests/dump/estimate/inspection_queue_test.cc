// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/estimate/inspection_queue.h"

#include <atomic>
#include <chrono>
#include <semaphore>
#include <thread>

#include "dump/estimate/size_estimate.h"
#include "tests/support/main_loop.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scripted_guest.h"

namespace guestdump::dump {

Suite* inspection_queue_suite();

namespace {

using support::MainLoop;
using support::must;
using support::must_fail;
using support::ScriptedGuest;

constexpr std::chrono::milliseconds kSoon{50};

/// Three pages that cannot be read until they are released, as on a sleeping disk.
class SlowRam final : public guest::RamRegion {
  public:
    std::string_view name() const override { return "slow"; }
    uint64_t size() const override { return 3 * 4096; }
    Result<> read(uint64_t, std::span<std::byte> out) const override {
        ++reads;
        reached.release();
        go.acquire();
        go.release();
        std::fill(out.begin(), out.end(), std::byte{1});
        return {};
    }

    mutable std::counting_semaphore<> reached{0}, go{0};
    mutable std::atomic<int> reads{0};
};

Capture capture_of(const std::shared_ptr<const guest::RamRegion>& ram) {
    guest::GuestPhysBlockList blocks;
    must(blocks.add({.range = {guest::Gpa{0}, ram->size()}, .region = ram, .offset = 0}));
    Capture capture;
    capture.memory = std::make_shared<guest::RamSource>(std::move(blocks));
    return capture;
}

std::unique_ptr<ScriptedGuest> small_guest() {
    return must(ScriptedGuest::parse("cpus 1\nram 0x0 3 pages = text 00 11\n"));
}

InspectionQueue::Take taking(ScriptedGuest& guest) {
    return [&guest] { return Capture::of(guest); };
}

InspectionQueue::Take taking(const std::shared_ptr<const guest::RamRegion>& ram) {
    return [ram]() -> Result<Capture> { return capture_of(ram); };
}

/// Asks @queue for the size of a dump. Does not search for VMCOREINFO, which would read memory
/// first.
Result<InspectionQueue::Claim> add(InspectionQueue& queue, InspectionQueue::Take take,
                                   Request request, InspectionQueue::Done<SizeEstimate> done) {
    request.find_vmcoreinfo = false;
    return queue.add<SizeEstimate>(
        std::move(take),
        [request](const Capture& capture, const util::Cancellation& cancellation) {
            return estimate_size(capture, request, cancellation);
        },
        std::move(done));
}

void ignore(Result<SizeEstimate> result) {
    static_cast<void>(result);
}

START_TEST(an_estimate_is_what_it_would_have_been_at_once) {
    const auto guest = small_guest();
    const Request request = ElfRequest{};
    const Snapshot snapshot = must(Snapshot::take(*guest, request));
    MainLoop loop;
    InspectionQueue queue(loop.post());
    std::optional<SizeEstimate> size;
    const auto claim = must(
        add(queue, taking(*guest), request, [&](Result<SizeEstimate> got) { size = must(got); }));
    ck_assert(!size);
    loop.run_until([&] { return size.has_value(); });
    const SizeEstimate direct = must(estimate_size(snapshot, request, *snapshot.memory));
    ck_assert_uint_eq(size->bytes, direct.bytes);
    ck_assert_uint_eq(size->highest, direct.highest);
    ck_assert_uint_eq(size->without_holes, direct.without_holes);
}
END_TEST

START_TEST(slow_memory_holds_up_the_estimates_behind_it_and_nobody_else) {
    const auto slow = std::make_shared<SlowRam>();
    const auto guest = small_guest();
    MainLoop loop;
    InspectionQueue queue(loop.post());
    std::string order;
    std::vector<InspectionQueue::Claim> claims;
    claims.push_back(
        must(add(queue, taking(slow), ElfRequest{}, [&](Result<SizeEstimate>) { order += "a"; })));
    for (const char* name : {"b", "c"}) {
        claims.push_back(must(
            add(queue, taking(*guest), ElfRequest{}, [&order, name](Result<SizeEstimate> result) {
                must(std::move(result));
                order += name;
            })));
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
    const InspectionQueue::Take take = taking(*guest);
    MainLoop loop;
    InspectionQueue queue(loop.post());
    std::vector<Result<SizeEstimate>> results;
    const auto keep = [&](Result<SizeEstimate> result) { results.push_back(std::move(result)); };
    const auto wrong = must(add(queue, take, KdumpRequest{.level = 99}, keep));
    const auto right = must(add(queue, take, KdumpRequest{}, keep));
    loop.run_until([&] { return results.size() == 2; });
    must_fail(results[0], "level");
    must(std::move(results[1]));
}
END_TEST

START_TEST(one_who_asks_again_when_told_is_told_again) {
    const auto guest = small_guest();
    MainLoop loop;
    InspectionQueue queue(loop.post());
    int told = 0;
    InspectionQueue::Claim claim;
    const std::function<void(Result<SizeEstimate>)> again = [&](Result<SizeEstimate> result) {
        must(std::move(result));
        if (++told < 3) claim = must(add(queue, taking(*guest), ElfRequest{}, again));
    };
    claim = must(add(queue, taking(*guest), ElfRequest{}, again));
    loop.run_until([&] { return told == 3; });
}
END_TEST

START_TEST(the_guest_is_looked_at_when_the_turn_of_its_estimate_has_come) {
    const auto slow = std::make_shared<SlowRam>();
    const auto guest = small_guest();
    MainLoop loop;
    InspectionQueue queue(loop.post());
    const auto first = must(add(queue, taking(slow), ElfRequest{}, ignore));
    int taken = 0, told = 0;
    const auto second = must(add(
        queue,
        [&] {
            ++taken;
            return Capture::of(*guest);
        },
        ElfRequest{}, [&](Result<SizeEstimate>) { ++told; }));
    slow->reached.acquire();
    ck_assert_int_eq(taken, 0);
    slow->go.release();
    loop.run_until([&] { return told == 1; });
    ck_assert_int_eq(taken, 1);
}
END_TEST

START_TEST(a_guest_that_cannot_be_looked_at_is_said_and_the_next_estimate_is_made) {
    const auto slow = std::make_shared<SlowRam>();
    const auto guest = small_guest();
    const InspectionQueue::Take broken = []() -> Result<Capture> {
        return Error::make("no guest");
    };
    MainLoop loop;
    InspectionQueue queue(loop.post());
    must_fail(add(queue, broken, ElfRequest{}, ignore), "no guest");
    std::vector<Result<SizeEstimate>> results;
    const auto keep = [&](Result<SizeEstimate> result) { results.push_back(std::move(result)); };
    const auto first = must(add(queue, taking(slow), ElfRequest{}, ignore));
    const auto second = must(add(queue, broken, ElfRequest{}, keep));
    const auto third = must(add(queue, taking(*guest), ElfRequest{}, keep));
    slow->go.release();
    loop.run_until([&] { return results.size() == 2; });
    must_fail(results[0], "no guest");
    must(std::move(results[1]));
}
END_TEST

START_TEST(an_estimate_that_nobody_waits_for_is_dropped) {
    const auto slow = std::make_shared<SlowRam>(), never = std::make_shared<SlowRam>();
    const auto guest = small_guest();
    MainLoop loop;
    InspectionQueue queue(loop.post());
    std::string told;
    const auto tells = [&told](const char* name) {
        return [&told, name](Result<SizeEstimate>) { told += name; };
    };
    auto first = must(add(queue, taking(slow), ElfRequest{}, tells("a")));
    auto second = must(add(queue, taking(never), ElfRequest{}, tells("b")));
    const auto third = must(add(queue, taking(*guest), ElfRequest{}, tells("c")));
    slow->reached.acquire();
    first.reset();
    second.reset();
    slow->go.release();
    loop.run_until([&] { return !told.empty(); });
    ck_assert_str_eq(told.c_str(), "c");
    ck_assert_int_eq(slow->reads, 1);
    ck_assert_int_eq(never->reads, 0);
}
END_TEST

START_TEST(so_many_may_wait_and_one_more_is_an_error) {
    const auto slow = std::make_shared<SlowRam>();
    const auto guest = small_guest();
    MainLoop loop;
    InspectionQueue queue(loop.post());
    std::vector<InspectionQueue::Claim> claims;
    for (size_t i = 0; i < 1 + InspectionQueue::kMostWaiting; ++i) {
        claims.push_back(must(add(queue, taking(slow), ElfRequest{}, ignore)));
    }
    must_fail(add(queue, taking(*guest), ElfRequest{}, ignore),
              "64 inspections of the guest are waiting, at most 64 may");
    claims.pop_back();
    int told = 0;
    const auto claim =
        must(add(queue, taking(*guest), ElfRequest{}, [&](Result<SizeEstimate>) { ++told; }));
    claims.clear();
    slow->go.release();
    loop.run_until([&] { return told == 1; });
}
END_TEST

START_TEST(nobody_is_told_when_it_has_gone_and_it_goes_soon) {
    const auto slow = std::make_shared<SlowRam>();
    MainLoop loop;
    bool told = false;
    std::vector<InspectionQueue::Claim> claims;
    std::jthread soon;  // releases the RAM once the queue waits for its end
    {
        InspectionQueue queue(loop.post());
        for (int i = 0; i < 2; ++i) {
            claims.push_back(must(add(queue, taking(slow), ElfRequest{},
                                      [&](Result<SizeEstimate>) { told = true; })));
        }
        slow->reached.acquire();
        soon = std::jthread([&slow] {
            std::this_thread::sleep_for(kSoon);
            slow->go.release();
        });
    }
    ck_assert_int_eq(slow->reads, 1);
    bool turned = false;
    loop.post()([&] { turned = true; });
    loop.run_until([&] { return turned; });
    ck_assert(!told);
}
END_TEST

}  // namespace

Suite* inspection_queue_suite() {
    return support::make_suite(
        "inspection_queue",
        {an_estimate_is_what_it_would_have_been_at_once,
         slow_memory_holds_up_the_estimates_behind_it_and_nobody_else,
         an_estimate_that_fails_says_why_and_the_next_is_made,
         one_who_asks_again_when_told_is_told_again,
         the_guest_is_looked_at_when_the_turn_of_its_estimate_has_come,
         a_guest_that_cannot_be_looked_at_is_said_and_the_next_estimate_is_made,
         an_estimate_that_nobody_waits_for_is_dropped, so_many_may_wait_and_one_more_is_an_error,
         nobody_is_told_when_it_has_gone_and_it_goes_soon});
}

}  // namespace guestdump::dump
