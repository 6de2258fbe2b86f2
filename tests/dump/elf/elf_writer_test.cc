// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/elf/elf_writer.h"

#include <cerrno>

#include "tests/support/elf_reader.h"
#include "tests/support/faulty_sink.h"
#include "tests/support/memory_sink.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scripted_guest.h"

namespace guestdump::dump {

Suite* elf_writer_suite();

namespace {

using support::MemorySink;
using support::must;
using support::must_fail;
using support::ScriptedGuest;

constexpr const char* kLong =
    "mode long\n"
    "cpus 2\n"
    "ram 0x0 4 pages = 00 A5 pattern 00\n"
    "ram 0x100800 5000 bytes = pattern\n"
    "ram 0x200000 600 pages = 00 pattern\n"
    "vmcoreinfo OSRELEASE=6.1.0\n";

constexpr const char* kProtected =
    "mode protected\n"
    "cpus 1\n"
    "ram 0x0 4 pages = pattern\n";

Result<> write(const Snapshot& snapshot, Sink& sink, unsigned threads = 1) {
    const auto writer = TRY(make_elf_writer(snapshot, threads));
    Progress progress;
    TRY(writer->begin(sink, progress));
    TRY(writer->iterate(*snapshot.memory, sink, progress));
    ck_assert_uint_eq(progress.completed(), snapshot.blocks.total_bytes());
    return writer->completed(sink);
}

Snapshot snapshot_of(const char* script) {
    return must(Snapshot::take(*must(ScriptedGuest::parse(script)), ElfRequest{}));
}

support::Bytes dump_of(const Snapshot& snapshot, unsigned threads = 1,
                       MemorySink::Order order = MemorySink::Order::any) {
    MemorySink sink(order);
    must(write(snapshot, sink, threads));
    return sink.bytes();
}

START_TEST(headers_are_where_makedumpfile_looks_for_them) {
    const support::Bytes bytes = dump_of(snapshot_of(kLong));
    const support::ElfFile elf = must(support::read_elf(bytes));
    ck_assert_int_eq(elf.bits, 64);
    ck_assert_uint_eq(elf.machine, 62);
    ck_assert_uint_eq(elf.phoff, 64);
    ck_assert_uint_eq(elf.ehsize, 64);
    ck_assert_uint_eq(elf.phentsize, 56);
    ck_assert_uint_eq(elf.e_phnum, 4);
    ck_assert_uint_eq(elf.shoff, 0);
    ck_assert_uint_eq(elf.e_shnum, 0);
    ck_assert_uint_eq(elf.segments[0].type, 4);
    ck_assert_uint_eq(elf.segments[0].offset, 64 + 4 * 56);
    ck_assert_uint_eq(elf.notes.size(), 5);
}
END_TEST

START_TEST(protected_mode_guest_gives_elf32) {
    const support::Bytes bytes = dump_of(snapshot_of(kProtected));
    const support::ElfFile elf = must(support::read_elf(bytes));
    ck_assert_int_eq(elf.bits, 32);
    ck_assert_uint_eq(elf.machine, 3);
    ck_assert_uint_eq(elf.phoff, 52);
    ck_assert_uint_eq(elf.ehsize, 52);
    ck_assert_uint_eq(elf.phentsize, 32);
    ck_assert_uint_eq(elf.notes[0].descriptor.size(), 144);
    ck_assert_uint_eq(elf.loads()[0].paddr, 0);
    ck_assert_uint_eq(elf.loads()[0].filesz, 0x4000);
}
END_TEST

START_TEST(every_byte_of_memory_is_in_the_file_at_its_place_in_the_page) {
    const Snapshot snapshot = snapshot_of(kLong);
    const support::Bytes bytes = dump_of(snapshot);
    const support::ElfFile elf = must(support::read_elf(bytes));
    const auto loads = elf.loads();
    ck_assert_uint_eq(loads.size(), 3);
    for (const support::ElfSegment& load : loads) {
        support::Bytes memory(load.filesz);
        must(snapshot.blocks.read(guest::Gpa{load.paddr}, memory));
        ck_assert(support::same(*elf.physical(load.paddr, load.filesz), memory));
        ck_assert_uint_eq(load.offset % 4096, load.paddr % 4096);
        ck_assert_uint_eq(load.memsz, load.filesz);
        ck_assert_uint_eq(load.vaddr, load.paddr);
        ck_assert_uint_eq(load.flags, 0);
        ck_assert_uint_eq(load.align, 0);
    }
}
END_TEST

START_TEST(zero_pages_are_not_written) {
    auto guest = must(
        ScriptedGuest::parse("mode long\ncpus 1\nram 0x0 8 pages = 00 00 pattern 00 text 00\n"));
    const Snapshot snapshot = must(Snapshot::take(*guest, ElfRequest{}));
    MemorySink sink;
    must(write(snapshot, sink));
    uint64_t memory = 0;
    for (const auto& one : sink.image()->writes) {
        if (one.offset >= 4096) memory += one.size;
    }
    ck_assert_uint_eq(memory, 2 * 4096);
}
END_TEST

START_TEST(unpopulated_memory_is_not_read) {
    auto guest =
        must(ScriptedGuest::parse("mode long\ncpus 1\nram 0x0 700 pages = pattern hole\n"));
    const Snapshot snapshot = must(Snapshot::take(*guest, ElfRequest{}));
    const support::Bytes bytes = dump_of(snapshot, 2);  // reading a hole fails the test
    ck_assert_uint_eq(bytes.size(), 4096 + 700 * 4096);
    ck_assert(support::all_zero(support::View(bytes).subspan(2 * 4096)));
}
END_TEST

START_TEST(bytes_are_the_same_for_any_number_of_threads_and_any_target) {
    const Snapshot snapshot = snapshot_of(kLong);
    const support::Bytes one = dump_of(snapshot, 1);
    for (const unsigned threads : {2u, 8u}) {
        ck_assert(support::same(dump_of(snapshot, threads), one));
        ck_assert(support::same(dump_of(snapshot, threads, MemorySink::Order::growing), one));
    }
}
END_TEST

START_TEST(phnum_over_16_bits_goes_to_section_zero) {
    for (const size_t mappings : {65'533u, 65'534u, 70'000u}) {
        Snapshot snapshot = snapshot_of(kLong);
        snapshot.mappings.truncate(0);
        for (size_t i = 0; i < mappings; ++i) {
            must(snapshot.mappings.push_back(
                {guest::Gpa{i % 4 * 4096}, guest::Gva{0xffff800000000000 + i * 8192}, 4096}));
        }
        const support::Bytes bytes = dump_of(snapshot);
        const support::ElfFile elf = must(support::read_elf(bytes));
        ck_assert_uint_eq(elf.segments.size(), mappings + 1);
        const bool extended = mappings + 1 >= 0xffff;
        ck_assert_uint_eq(support::le16_at(bytes, 56), extended ? 0xffff : mappings + 1);
        ck_assert_uint_eq(elf.e_shnum, extended ? 1 : 0);
        if (extended) ck_assert_uint_eq(support::le32_at(bytes, elf.shoff + 44), mappings + 1);
        const support::ElfSegment& last = elf.segments.back();
        ck_assert_uint_eq(last.vaddr, 0xffff800000000000 + (mappings - 1) * 8192);
        ck_assert_uint_eq(last.paddr, (mappings - 1) % 4 * 4096);
        ck_assert_uint_eq(elf.notes.size(), 5);
    }
}
END_TEST

START_TEST(filter_of_one_byte_gives_a_file_of_one_byte_of_memory) {
    Request request;
    request.only = must(guest::GpaRange::make(guest::Gpa{0x1001}, 1));
    const Snapshot snapshot = must(Snapshot::take(*must(ScriptedGuest::parse(kLong)), request));
    const support::Bytes bytes = dump_of(snapshot);
    const support::ElfFile elf = must(support::read_elf(bytes));
    ck_assert_uint_eq(elf.loads().size(), 1);
    ck_assert_uint_eq(elf.loads()[0].paddr, 0x1001);
    ck_assert_uint_eq(elf.loads()[0].filesz, 1);
    ck_assert_uint_eq(static_cast<uint8_t>(bytes[elf.loads()[0].offset]), 0xa5);
    ck_assert_uint_eq(bytes.size(), elf.loads()[0].offset + 1);
}
END_TEST

START_TEST(a_target_that_fails_at_any_byte_fails_the_dump_with_its_cause) {
    auto guest =
        must(ScriptedGuest::parse("mode long\ncpus 1\nram 0x0 3 pages = pattern 00 pattern\n"));
    const Snapshot snapshot = must(Snapshot::take(*guest, ElfRequest{}));
    MemorySink whole;
    must(write(snapshot, whole));
    uint64_t written = 0;
    for (const auto& one : whole.image()->writes) written += one.size;
    for (const auto order : {MemorySink::Order::any, MemorySink::Order::growing}) {
        for (uint64_t good = 0; good <= written; good = good < 1024 ? good + 1 : good + 97) {
            support::FaultySink sink(std::make_unique<MemorySink>(order), good, ENOSPC);
            const auto writer = must(make_elf_writer(snapshot, 1));
            Progress progress;
            const auto all = [&]() -> Result<> {
                TRY(writer->begin(sink, progress));
                TRY(writer->iterate(*snapshot.memory, sink, progress));
                return writer->completed(sink);
            };
            const Result<> result = all();
            must_fail(result, "No space left on device");
            ck_assert_int_eq(result.error().os_error(), ENOSPC);
        }
    }
}
END_TEST

START_TEST(memory_that_cannot_be_read_fails_the_dump_with_its_place) {
    ScriptedGuest guest;
    guest.add_cpu();
    guest.add_ram(0x4000, support::noise(1, 9000)).fail_at(5000);
    const Snapshot snapshot = must(Snapshot::take(guest, ElfRequest{}));
    for (const unsigned threads : {1u, 2u}) {
        MemorySink sink;
        must_fail(write(snapshot, sink, threads), "cannot be read at 5000");
        ck_assert(!sink.image()->finished);
    }
}
END_TEST

START_TEST(cancelled_dump_ends_with_an_error) {
    const Snapshot snapshot = snapshot_of(kLong);
    MemorySink sink;
    const auto writer = must(make_elf_writer(snapshot, 1));
    Progress progress;
    must(writer->begin(sink, progress));
    progress.cancel();
    must_fail(writer->iterate(*snapshot.memory, sink, progress), "cancelled");
}
END_TEST

/// More memory than a test can have; it is never read.
struct VastRam final : guest::RamRegion {
    std::string_view name() const override { return "vast"; }
    uint64_t size() const override { return UINT64_MAX; }
    Result<> read(uint64_t, std::span<std::byte>) const override { return {}; }
};

START_TEST(file_that_its_class_cannot_hold_is_refused) {
    Snapshot snapshot = snapshot_of(kProtected);
    snapshot.blocks = {};
    must(snapshot.blocks.add({{guest::Gpa{0}, 0xfffff000}, std::make_shared<VastRam>(), 0}));
    must_fail(make_elf_writer(snapshot, 1), "more than the 4294967295 that its offsets reach");
    snapshot.arch.elf_class = format::ElfClass::k64;
    ck_assert(!!make_elf_writer(snapshot, 1));
    must(snapshot.blocks.add(
        {{guest::Gpa{0x100000000}, UINT64_MAX >> 1}, std::make_shared<VastRam>(), 0}));
    must_fail(make_elf_writer(snapshot, 1), "larger than a file can be");
}
END_TEST

}  // namespace

Suite* elf_writer_suite() {
    return support::make_suite(
        "elf_writer",
        {headers_are_where_makedumpfile_looks_for_them, protected_mode_guest_gives_elf32,
         every_byte_of_memory_is_in_the_file_at_its_place_in_the_page, zero_pages_are_not_written,
         unpopulated_memory_is_not_read,
         bytes_are_the_same_for_any_number_of_threads_and_any_target,
         phnum_over_16_bits_goes_to_section_zero,
         filter_of_one_byte_gives_a_file_of_one_byte_of_memory,
         a_target_that_fails_at_any_byte_fails_the_dump_with_its_cause,
         memory_that_cannot_be_read_fails_the_dump_with_its_place,
         cancelled_dump_ends_with_an_error, file_that_its_class_cannot_hold_is_refused});
}

}  // namespace guestdump::dump
