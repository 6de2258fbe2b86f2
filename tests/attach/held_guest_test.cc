// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/held_guest.h"

#include <chrono>
#include <thread>

#include "tests/attach/own_memory.h"
#include "tests/attach/scripted_emulator.h"
#include "tests/attach/small_head.h"
#include "tests/support/run_suites.h"

namespace guestdump::attach {

Suite* held_guest_suite();

namespace {

using support::must;
using support::must_fail;

/// A guest with 16 pages at address 0 and 4 pages at 1 MiB, in two mappings of this process.
struct Fixture {
    Fixture() {
        for (size_t page = 0; page < 16; ++page) low.write(page, static_cast<uint8_t>(page + 1));
        high.write(2, 0x77);
        qemu.dump =
            small_head({{.paddr = 0, .size = 16 * kPage}, {.paddr = kHigh, .size = 4 * kPage}});
        head_size = qemu.dump.size();
        qemu.dump.resize(head_size + 20 * kPage);
        qemu.host = {{0, low.address()},
                     {15 * kPage, low.address(15)},
                     {kHigh, high.address()},
                     {kHigh + 3 * kPage, high.address(3)}};
    }

    Result<std::unique_ptr<HeldGuest>> enter() {
        return HeldGuest::enter(qemu, must(Process::open(::getpid())), -1);
    }

    static constexpr uint64_t kHigh = 1 << 20;
    OwnMemory low{16, MAP_PRIVATE | MAP_ANONYMOUS};
    OwnMemory high{4, MAP_PRIVATE | MAP_ANONYMOUS};
    size_t head_size = 0;
    ScriptedEmulator qemu;
};

START_TEST(a_held_guest_is_a_vmcore) {
    Fixture f;
    const auto held = must(f.enter());
    ck_assert(held->ran());
    const vmcore::Vmcore& vmcore = held->vmcore();
    ck_assert_uint_eq(vmcore.contents().blocks.total_bytes(), 20 * kPage);
    ck_assert_uint_eq(vmcore.vcpus().size(), 1);
    ck_assert_uint_eq(vmcore.vcpus()[0].rip, 0x123456);
    std::array<std::byte, 2> bytes{};
    must(vmcore.blocks().read(guest::Gpa{9 * kPage}, bytes));
    ck_assert(bytes[0] == std::byte{10});
    must(vmcore.blocks().read(guest::Gpa{Fixture::kHigh + 2 * kPage}, bytes));
    ck_assert(bytes[0] == std::byte{0x77});
    const auto source = vmcore.page_source();
    ck_assert(source->extent(guest::Gpa{0}, 16 * kPage).populated);
    ck_assert(!source->extent(guest::Gpa{Fixture::kHigh}, 2 * kPage).populated);
    must(held->check());
    ck_assert(held->release().seen_to_end);
}
END_TEST

START_TEST(memory_cannot_be_read_once_the_guest_runs_again) {
    Fixture f;
    const auto held = must(f.enter());
    const guest::GuestPhysBlockList blocks = held->vmcore().blocks();
    held->release();
    std::array<std::byte, 2> bytes{};
    must_fail(blocks.read(guest::Gpa{0}, bytes), "the guest runs again");
}
END_TEST

START_TEST(a_dump_that_qemu_gave_up_is_noticed) {
    Fixture f;
    f.qemu.dump.resize(f.head_size);  // and the pipe is closed
    const auto held = must(f.enter());
    // The scripted QEMU closes the pipe's write end on another thread.
    Result<> seen = held->check();
    for (int tries = 0; seen && tries < 500; ++tries) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        seen = held->check();
    }
    must_fail(seen, "QEMU gave up its dump");
    held->release();
    Fixture g;
    const auto other = must(g.enter());
    g.qemu.answers["query-dump"] = R"({"status": "failed"})";
    must_fail(other->check(), "QEMU gave up its dump");
    other->release();
}
END_TEST

START_TEST(a_release_that_qemu_does_not_confirm_is_told) {
    Fixture f;
    f.qemu.ends = false;
    f.qemu.answers["query-status"] = R"({"status": "paused", "running": false})";
    const auto held = must(f.enter());
    ck_assert(!held->ran());
    ck_assert(!held->release().seen_to_end);
}
END_TEST

START_TEST(refusals_and_wrong_addresses_are_errors_and_let_the_guest_go) {
    Fixture refused;
    refused.qemu.refusal = "There is a dump in process, please wait.";
    must_fail(refused.enter(), "There is a dump in process, please wait.");
    Fixture split;
    split.qemu.host[15 * kPage] = split.high.address();
    must_fail(split.enter(), "not contiguous there");
    Fixture absent;
    absent.qemu.host = {{0, 4096},
                        {15 * kPage, 4096 + 15 * kPage},
                        {Fixture::kHigh, 4096},
                        {Fixture::kHigh + 3 * kPage, 4096 + 3 * kPage}};
    must_fail(absent.enter(), "bytes of guest memory at address 0x1000");
    Fixture unknown;
    unknown.qemu.host.clear();
    must_fail(unknown.enter(), "QEMU does not tell where guest memory is");
    Fixture cut;
    cut.qemu.dump.resize(100);
    must_fail(cut.enter(), "the machine ended its dump ahead of guest memory");
}
END_TEST

}  // namespace

Suite* held_guest_suite() {
    return support::make_suite("held_guest",
                               {
                                   a_held_guest_is_a_vmcore,
                                   memory_cannot_be_read_once_the_guest_runs_again,
                                   a_dump_that_qemu_gave_up_is_noticed,
                                   a_release_that_qemu_does_not_confirm_is_told,
                                   refusals_and_wrong_addresses_are_errors_and_let_the_guest_go,
                               });
}

}  // namespace guestdump::attach
