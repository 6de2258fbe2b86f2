// SPDX-License-Identifier: GPL-2.0-or-later
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "dump/dump_state.h"
#include "tests/support/elf_reader.h"
#include "tests/support/kdump_reader.h"
#include "tests/support/main_loop.h"
#include "tests/support/memory_sink.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vm/writing_accel.h"
#include "vm/machine.h"

/// Live dumps of a machine whose vCPUs write all of memory.

namespace guestdump::vm {

Suite* live_machine_suite();

namespace {

using support::must;
using support::must_fail;

constexpr unsigned kCpus = 4;
constexpr uint64_t kPage = 4096;

/// Takes everything and keeps nothing.
class NullSink final : public dump::Sink {
  public:
    Result<> write_at(uint64_t, std::span<const std::byte>) override { return {}; }
    bool random_access() const override { return true; }
    Result<> finish(uint64_t) override { return {}; }
    Result<> commit() override { return {}; }
};

/// A machine, its main loop and its dumps.
struct LiveMachine {
    explicit LiveMachine(uint64_t bytes, RamSpec spec = {}) {
        spec.id = "ram";
        spec.size = bytes;
        ram = must(Ram::create(spec));
        MachineParts parts;
        parts.ram_bytes = bytes;
        must(parts.memory.add(
            {.range = {Gpa{0}, bytes}, .region = ram, .host = ram->host(), .ram = ram}));
        parts.start_registers.assign(kCpus, target_i386::reset_registers());
        parts.accel = std::make_unique<WritingAccel>(ram, control);
        machine = must(Machine::create(std::move(parts), loop.post()));
        dumps.emplace(*machine, loop.post());
    }

    Result<> dump(dump::Request request, std::unique_ptr<dump::Sink> sink) {
        std::optional<dump::DumpState::Outcome> outcome;
        TRY(dumps->start(request, std::move(sink),
                         [&](const dump::DumpState::Outcome& its) { outcome = its; }));
        loop.run_until([&] { return outcome.has_value(); });
        if (outcome->error) return *outcome->error;
        last = outcome->result;
        return {};
    }

    uint64_t pages() const { return ram->size() / kPage; }

    support::MainLoop loop;
    std::shared_ptr<WritingAccel::Control> control = std::make_shared<WritingAccel::Control>();
    std::shared_ptr<Ram> ram;
    std::unique_ptr<Machine> machine;
    std::optional<dump::DumpState> dumps;
    qapi::DumpQueryResult last;
};

dump::Request live_request(dump::Request request = dump::ElfRequest{}, uint64_t pool = 0) {
    request.live = dump::LiveRequest{.fall_back = false, .pool_bytes = pool};
    return request;
}

/// A register of each vCPU, by its place in the registers of NT_PRSTATUS.
std::vector<uint64_t> registers(const support::ElfFile& dump, size_t place) {
    std::vector<uint64_t> values;
    for (const support::ElfNote& note : dump.notes_named("CORE")) {
        uint64_t value = 0;
        std::memcpy(&value, note.descriptor.data() + 112 + 8 * place, sizeof value);
        values.push_back(value);
    }
    return values;
}

/// Compares all of memory in a dump with the registers in it.
void check_one_moment(const support::ElfFile& dump, uint64_t pages) {
    const std::vector<uint64_t> rbx = registers(dump, 5), rcx = registers(dump, 11);
    ck_assert_uint_eq(rbx.size(), kCpus);
    const auto memory = dump.physical(0, pages * kPage);
    ck_assert(memory);
    uint64_t torn = 0;
    for (uint64_t page = 0; page < pages; ++page) {
        const uint64_t cpu = page % kCpus;
        bool is_torn = false;
        for (uint64_t at = 0; at < 512; at += 32) {
            uint64_t word = 0;
            std::memcpy(&word, memory->data() + page * kPage + at * 8, sizeof word);
            is_torn |= word != expected_word(page, at, kCpus, pages, rbx[cpu], rcx[cpu]);
        }
        torn += is_torn;
    }
    ck_assert_msg(torn == 0, "%lu pages are torn", torn);
}

void dump_in_a_row(LiveMachine& live, int dumps, uint64_t pool = 0) {
    must(live.machine->cont());
    for (int i = 0; i < dumps; ++i) {
        auto sink = std::make_unique<support::MemorySink>();
        const auto image = sink->image();
        must(live.dump(live_request(dump::ElfRequest{}, pool), std::move(sink)));
        ck_assert(live.machine->running());
        check_one_moment(must(support::read_elf(image->bytes)), live.pages());
    }
}

/// LIVE_DUMPS=N makes the series longer or shorter.
START_TEST(many_dumps_of_a_writing_guest_are_of_one_moment_each) {
    const char* const number = std::getenv("LIVE_DUMPS");
    LiveMachine live(8 << 20);
    dump_in_a_row(live, number ? std::atoi(number) : 20);
}
END_TEST

START_TEST(dumps_with_little_memory_for_copies_are_of_one_moment) {
    LiveMachine live(8 << 20);
    dump_in_a_row(live, 10, 4 * kPage);
    ck_assert_uint_gt(live.last.live->pool_waits, 0);
}
END_TEST

START_TEST(dumps_of_shared_memory_are_of_one_moment) {
    RamSpec spec;
    spec.backend = RamSpec::Backend::memfd;
    spec.share = true;
    LiveMachine live(8 << 20, spec);
    dump_in_a_row(live, 10);
}
END_TEST

START_TEST(every_format_and_a_range_can_be_live) {
    LiveMachine live(8 << 20);
    must(live.machine->cont());
    for (const bool share : {true, false}) {
        dump::KdumpRequest kdump{.compression = dump::Compression::zlib, .flattened = false};
        kdump.share_pages = share;
        must(live.dump(live_request(kdump), std::make_unique<support::MemorySink>()));
    }
    must(live.dump(live_request(dump::VboxRequest{}), std::make_unique<support::MemorySink>()));
    must(live.dump(live_request(dump::ElfRequest{.paging = true}),
                   std::make_unique<support::MemorySink>()));
    dump::Request part = live_request();
    part.only = guest::GpaRange{Gpa{1 << 20}, (1 << 20) + 100};
    auto sink = std::make_unique<support::MemorySink>();
    const auto image = sink->image();
    must(live.dump(part, std::move(sink)));
    const auto file = must(support::read_elf(image->bytes));
    ck_assert_uint_eq(file.loads().at(0).filesz, (1 << 20) + 100);
    ck_assert_uint_eq(file.notes_named("GUESTDUMP").size(), 1);
}
END_TEST

START_TEST(stopped_guest_can_be_dumped_live_too) {
    LiveMachine live(8 << 20);
    auto sink = std::make_unique<support::MemorySink>();
    const auto image = sink->image();
    must(live.dump(live_request(), std::move(sink)));
    check_one_moment(must(support::read_elf(image->bytes)), live.pages());
    ck_assert_uint_eq(live.last.live->stop_time.value(), 0);
    ck_assert(!live.machine->running());
}
END_TEST

/// LIVE_MEASURE=MIB prints how long dumps of that size stop the guest.
START_TEST(stop_is_short) {
    using Clock = std::chrono::steady_clock;
    const char* const size = std::getenv("LIVE_MEASURE");
    const char* const huge = std::getenv("LIVE_HUGE_PATH");
    RamSpec spec;
    if (huge) {
        spec.backend = RamSpec::Backend::file;
        spec.mem_path = huge;
        spec.share = true;
    }
    LiveMachine live((size ? std::strtoull(size, nullptr, 10) : 16) << 20, spec);
    const int dumps = size ? 20 : 3;
    std::memset(live.ram->host(), 1, live.ram->size());
    for (const bool idle : {true, false}) {
        live.control->idle = idle;
        must(live.machine->cont());
        usleep(300000);
        live.control->longest_gap_us = 0;
        const uint64_t before = live.control->pages;
        usleep(500000);
        const uint64_t quiet_gap = live.control->longest_gap_us;
        const double alone = static_cast<double>(live.control->pages - before) / 0.5;
        std::vector<uint64_t> stops, gaps;
        std::vector<double> whole, stopped, rates;
        for (int i = 0; i < dumps; ++i) {
            for (const bool is_live : {false, true}) {
                if (!is_live && i >= 5) continue;
                usleep(20000);  // until every vCPU has made a step after the last dump
                live.control->longest_gap_us = 0;
                const uint64_t pages = live.control->pages;
                const Clock::time_point begin = Clock::now();
                must(live.dump(is_live ? live_request() : dump::Request(dump::ElfRequest{}),
                               std::make_unique<NullSink>()));
                const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
                (is_live ? whole : stopped).push_back(seconds);
                if (!is_live) continue;
                stops.push_back(live.last.live->stop_time.value());
                gaps.push_back(live.control->longest_gap_us);
                rates.push_back(static_cast<double>(live.control->pages - pages) / seconds);
            }
        }
        live.machine->stop();
        for (auto* list : {&stops, &gaps}) std::ranges::sort(*list);
        for (auto* list : {&whole, &stopped, &rates}) std::ranges::sort(*list);
        const auto half = stops.size() / 2;
        if (size)
            std::printf(
                "%5s MiB %-7s %s stop %.2f / %.2f ms, gap %.1f / %.1f ms (%.1f without), whole "
                "%.3f s, stopped %.3f s: "
                "%.2f, pages/s %.0f of %.0f\n",
                size, idle ? "idle" : "writing", huge ? "2 MiB" : "4 KiB",
                static_cast<double>(stops[half]) / 1000, static_cast<double>(stops.back()) / 1000,
                static_cast<double>(gaps[half]) / 1000, static_cast<double>(gaps.back()) / 1000,
                static_cast<double>(quiet_gap) / 1000, whole[half], stopped[stopped.size() / 2],
                whole[half] / stopped[stopped.size() / 2], rates[half], alone);
        std::fflush(stdout);
    }
}
END_TEST

}  // namespace

Suite* live_machine_suite() {
    if (access("/dev/userfaultfd", R_OK | W_OK) != 0) return suite_create("live_machine");
    return support::make_suite(
        "live_machine",
        {many_dumps_of_a_writing_guest_are_of_one_moment_each,
         dumps_with_little_memory_for_copies_are_of_one_moment,
         dumps_of_shared_memory_are_of_one_moment, every_format_and_a_range_can_be_live,
         stopped_guest_can_be_dumped_live_too, stop_is_short});
}

}  // namespace guestdump::vm
