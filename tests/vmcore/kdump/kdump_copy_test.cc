// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump/kdump_copy.h"

#include <cerrno>

#include "dump/snapshot.h"
#include "tests/support/faulty_sink.h"
#include "tests/support/flat_reader.h"
#include "tests/support/kdump_reader.h"
#include "tests/support/memory_sink.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_files.h"
#include "vmcore/kdump/kdump_reader.h"

namespace guestdump::vmcore {

using dump::Compression;
using dump::KdumpRequest;
using support::must;
using support::must_fail;
using support::noise;
using Order = support::MemorySink::Order;

Suite* kdump_copy_suite();

namespace {

constexpr uint64_t kPage = 4096;

dump::Request zlib(bool flattened, unsigned threads) {
    dump::Request request = KdumpRequest{.flattened = flattened};
    request.threads = threads;
    return request;
}

dump::Request raw_zlib() {
    return zlib(false, 3);
}

/// Zero, raw and zlib pages. The bytes of page 9 come before those of page 3, and page 12 shares
/// the bytes of page 3.
Bytes some_zlib(int bits = 64) {
    SmallKdump kdump{.bits = bits,
                     .pages = {{.pfn = 1, .contents = {}},
                               {.pfn = 2, .contents = noise(2, kPage)},
                               {.pfn = 3, .flags = 1, .contents = text_page(3)},
                               {.pfn = 9, .flags = 1, .contents = text_page(9)},
                               {.pfn = 10, .contents = {}},
                               {.pfn = 12, .flags = 1, .contents = text_page(3)}},
                     .dump_level = 1,
                     .status = 1};
    if (bits == 32) kdump.notes = note("CORE", 1, Bytes(144));
    Bytes file = kdump.file();
    const auto descriptor = [&](size_t index) {
        return std::span(file).subspan(SmallKdump::kDescriptors + 24 * index, 24);
    };
    std::swap_ranges(descriptor(2).begin(), descriptor(2).end(), descriptor(3).begin());
    std::copy_n(descriptor(2).begin(), 24, descriptor(5).begin());
    return file;
}

/// The copy of @file; empty if the writer refuses it.
std::optional<Bytes> copied(const Bytes& file, const dump::Request& request,
                            dump::Progress* progress = nullptr) {
    const auto vmcore = must(Vmcore::read(in_memory(file)));
    const auto snapshot = must(dump::Snapshot::take(*vmcore, request));
    const auto writer = must(make_kdump_copy(*vmcore, snapshot, request));
    if (!writer) return std::nullopt;
    support::MemorySink sink(request.kdump()->flattened ? Order::growing : Order::any);
    dump::Progress unwatched;
    dump::Progress& watched = progress ? *progress : unwatched;
    must(writer->begin(sink, watched));
    must(writer->iterate(*snapshot.memory, sink, watched));
    must(writer->completed(sink));
    ck_assert(sink.image()->finished);
    return sink.bytes();
}

Bytes stored_bytes(const support::KdumpFile& file, uint64_t pfn) {
    const support::KdumpFile::Page& page = file.pages.at(pfn);
    const support::View bytes = file.file.subspan(page.offset, page.size);
    return {bytes.begin(), bytes.end()};
}

START_TEST(pages_are_taken_over_as_they_are_stored) {
    for (const int bits : {32, 64}) {
        const Bytes from = some_zlib(bits);
        const Bytes to = copied(from, raw_zlib()).value();
        const auto before = must(support::read_kdump(from));
        const auto after = must(support::read_kdump(to));
        ck_assert_int_eq(after.bits, bits);
        const support::KdumpFile::Page& last = after.pages.at(3);
        ck_assert_uint_eq(to.size(), last.offset + last.size);
        ck_assert(after.bitmap1 == before.bitmap1);
        ck_assert(after.bitmap2 == before.bitmap2);
        const uint64_t moved = after.pages.at(1).offset - before.pages.at(1).offset;
        for (const auto& [pfn, page] : before.pages) {
            ck_assert_uint_eq(after.pages.at(pfn).offset, page.offset + moved);
            ck_assert_uint_eq(after.pages.at(pfn).flags, page.flags);
            ck_assert(stored_bytes(after, pfn) == stored_bytes(before, pfn));
            ck_assert(must(after.page(pfn)) == must(before.page(pfn)));
        }
    }
}
END_TEST

START_TEST(copy_of_a_copy_is_the_same_file) {
    const Bytes once = copied(some_zlib(), raw_zlib()).value();
    ck_assert(copied(once, raw_zlib()).value() == once);
}
END_TEST

START_TEST(flattened_and_put_together_again_it_is_the_same_file) {
    const Bytes raw = copied(some_zlib(), raw_zlib()).value();
    const Bytes flat = copied(raw, zlib(true, 2)).value();
    ck_assert(must(support::read_flat(flat)).image == raw);
    ck_assert(copied(flat, raw_zlib()).value() == raw);
    ck_assert(copied(flattened(raw, 1000), raw_zlib()).value() == raw);
}
END_TEST

START_TEST(headers_are_made_anew_and_the_rest_moves_where_they_are_larger) {
    // With the header of a note before it, it does not fit into the block.
    std::string lines = "OSRELEASE=6.1.0\nNUMBER(phys_base)=-4096\n";
    lines.resize(4096 - 104 - 356 - 10, 'x');
    const SmallKdump kdump{.pages = {{.pfn = 3, .flags = 1, .contents = text_page(3)}},
                           .status = 1,
                           .notes = note("CORE", 1, Bytes(336)),
                           .vmcoreinfo = lines};
    const Bytes from = kdump.file();
    ck_assert_uint_eq(must(support::read_kdump(from)).notes.size(), 1);
    const Bytes to = copied(from, raw_zlib()).value();
    const auto after = must(support::read_kdump(to));
    ck_assert_uint_eq(after.phys_base, static_cast<uint64_t>(-4096));
    ck_assert_uint_eq(after.notes.size(), 2);
    ck_assert(after.vmcoreinfo() == lines);
    ck_assert_uint_eq(after.descriptors_offset, SmallKdump::kDescriptors + kPage);
    ck_assert(must(after.page(3)) == text_page(3));
}
END_TEST

START_TEST(uname_of_the_guest_stays_where_its_memory_does_not_tell_it) {
    Bytes file = some_zlib();
    const char* fields[] = {"Linux", "node1", "6.1.0", "#1 SMP", "x86_64", "lan"};
    for (size_t i = 0; i < std::size(fields); ++i) support::put_text(file, 12 + 65 * i, fields[i]);
    const Bytes copy = copied(file, raw_zlib()).value();
    ck_assert(
        support::same(support::View(copy).subspan(12, 390), support::View(file).subspan(12, 390)));
    // This also holds if the pages are compressed anew.
    const auto vmcore = must(Vmcore::read(in_memory(file)));
    const KdumpRequest other{.compression = Compression::lzo, .flattened = false};
    const auto snapshot = must(dump::Snapshot::take(*vmcore, other));
    support::MemorySink sink(Order::any);
    const auto writer = must(dump::make_writer(snapshot, other));
    must(writer->begin(sink, dump::Progress()));
    ck_assert(support::same(support::View(sink.bytes()).subspan(12, 390),
                            support::View(file).subspan(12, 390)));
}
END_TEST

START_TEST(pages_that_were_left_out_stay_so) {
    const SmallKdump kdump{.pages = {{.pfn = 3, .flags = 1, .contents = text_page(3)}},
                           .excluded = {4, 5, 60},
                           .dump_level = 31,
                           .status = 1};
    const Bytes to = copied(kdump.file(), raw_zlib()).value();
    const auto after = must(support::read_kdump(to));
    ck_assert_uint_eq(after.dump_level, 31);
    ck_assert_uint_eq(after.max_mapnr, 64);
    ck_assert(after.bitmap1[60] && !after.bitmap2[60]);
    ck_assert_uint_eq(after.pages.size(), 1);
}
END_TEST

START_TEST(what_is_to_be_something_else_is_not_copied) {
    const Bytes file = some_zlib();
    dump::Request request = KdumpRequest{.level = 6, .flattened = false};
    ck_assert(!copied(file, request));
    request = KdumpRequest{.flattened = false, .share_pages = false};
    ck_assert(!copied(file, request));
    request = raw_zlib();
    request.only = must(guest::GpaRange::make(guest::Gpa{kPage}, kPage));
    ck_assert(!copied(file, request));
    request = KdumpRequest{.compression = Compression::lzo, .flattened = false};
    ck_assert(!copied(file, request));
    const SmallElf elf{.loads = {{.contents = noise(1, kPage)}}};
    ck_assert(!copied(elf.file(), raw_zlib()));
}
END_TEST

struct Patch {
    uint64_t at;
    size_t size;
    uint64_t value;
};

START_TEST(what_cannot_be_trusted_is_not_copied) {
    constexpr uint64_t kThird = SmallKdump::kDescriptors + 24 * 2;  // a zlib page
    constexpr uint64_t kStatus = 424;
    const uint64_t end = some_zlib().size();
    const Patch patches[] = {
        {kThird, 8, SmallKdump::kDescriptors},  // before the page data
        {kThird, 8, end - 5},                   // its end is missing
        {kThird, 8, 1u << 30},
        {kThird, 8, UINT64_MAX},
        {kThird + 8, 4, 0},
        {kThird + 8, 4, 4096},  // stored raw by its size, but not by its flags
        {kThird + 8, 4, UINT32_MAX},
        {kThird - 24 + 12, 4, 1},  // the size of a raw page
        {kThird + 12, 4, 0},
        {kThird + 12, 4, 2},
        {kThird + 12, 4, 3},
        {kStatus, 4, 0},      // nothing is compressed
        {kStatus, 4, 3},      // two compressions
        {kStatus, 4, 1 | 8},  // incomplete
    };
    for (const Patch& patch : patches) {
        Bytes file = some_zlib();
        support::put_little(file, patch.at, patch.value, patch.size);
        ck_assert_msg(!copied(file, raw_zlib()), "%" PRIu64 " at %" PRIu64, patch.value, patch.at);
    }
}
END_TEST

START_TEST(page_data_that_is_too_large_for_its_pages_is_not_copied) {
    Bytes file = some_zlib();
    const uint64_t data = SmallKdump::kDescriptors + 24 * 6;
    file.resize(data + 7 * kPage + 1);
    constexpr uint64_t kSecond = SmallKdump::kDescriptors + 24;  // a raw page
    support::put_le64(file, kSecond, data + 6 * kPage);
    ck_assert(copied(file, raw_zlib()));
    support::put_le64(file, kSecond, data + 6 * kPage + 1);
    ck_assert(!copied(file, raw_zlib()));
}
END_TEST

START_TEST(bytes_that_no_page_has_are_left_behind) {
    const Bytes tidy = copied(some_zlib(), raw_zlib()).value();
    Bytes file = some_zlib();
    file.resize(file.size() + (100 << 20));
    ck_assert(copied(file, raw_zlib()).value() == tidy);
}
END_TEST

/// A file with more than one piece of page data.
Bytes large_file() {
    SmallKdump kdump{.max_mapnr = 1024, .status = 1};
    for (uint64_t pfn = 0; pfn < 700; ++pfn) {
        kdump.pages.push_back({.pfn = pfn, .contents = noise(pfn, kPage)});
    }
    return kdump.file();
}

START_TEST(progress_ends_at_the_size_of_memory) {
    dump::Progress progress;
    const Bytes to = copied(large_file(), raw_zlib(), &progress).value();
    ck_assert_uint_eq(progress.completed(), 700 * kPage);
    const auto after = must(support::read_kdump(to));
    ck_assert(must(after.page(699)) == noise(699, kPage));
}
END_TEST

START_TEST(copy_is_the_same_for_any_number_of_threads) {
    const Bytes file = large_file();
    for (const bool flat : {false, true}) {
        const Bytes one = copied(file, zlib(flat, 1)).value();
        const Bytes many = copied(file, zlib(flat, 40)).value();
        const bool same =
            flat ? must(support::read_flat(one)).image == must(support::read_flat(many)).image
                 : one == many;
        ck_assert(same);
    }
}
END_TEST

Result<> copy_to(dump::Sink& sink, const Bytes& file, const dump::Request& request,
                 dump::Progress& progress) {
    const auto vmcore = TRY(Vmcore::read(in_memory(file)));
    const dump::Snapshot snapshot = TRY(dump::Snapshot::take(*vmcore, request));
    const auto writer = TRY(make_kdump_copy(*vmcore, snapshot, request));
    TRY(writer->begin(sink, progress));
    TRY(writer->iterate(*snapshot.memory, sink, progress));
    return writer->completed(sink);
}

START_TEST(failure_of_any_byte_of_the_target_is_told) {
    const Bytes file = some_zlib();
    for (const bool flat : {false, true}) {
        const dump::Request request = zlib(flat, 2);
        const auto target = [flat] {
            return std::make_unique<support::MemorySink>(flat ? Order::growing : Order::any);
        };
        dump::Progress progress;
        const auto whole = target();
        must(copy_to(*whole, file, request, progress));
        uint64_t bytes = 0;
        for (const auto& write : whole->image()->writes) bytes += write.size;
        for (uint64_t good = 0; good < bytes; good += good % 1000 < 20 ? 1 : 97) {
            support::FaultySink sink(target(), good, ENOSPC);
            must_fail(copy_to(sink, file, request, progress), "writing");
        }
        support::FaultySink sink(target(), bytes, ENOSPC);
        must_fail(copy_to(sink, file, request, progress), "finishing");
    }
}
END_TEST

START_TEST(copy_that_is_cancelled_ends) {
    support::MemorySink sink;
    dump::Progress progress;
    progress.cancel();
    must_fail(copy_to(sink, large_file(), raw_zlib(), progress), "cancelled");
    ck_assert(!sink.image()->finished);
}
END_TEST

/// A file that cannot be read beyond a limit, as on a bad disk.
class BadEnd final : public ByteSource {
  public:
    BadEnd(Bytes bytes, uint64_t limit) : good_(std::move(bytes)), limit_(limit) {}

    const std::string& name() const override { return good_.name(); }
    uint64_t size() const override { return good_.size(); }
    Result<> read_at(uint64_t offset, std::span<std::byte> out) const override {
        if (offset + out.size() <= limit_) return good_.read_at(offset, out);
        return Error::from_errno(EIO, "reading %zu bytes at offset %" PRIu64 " of '%s'", out.size(),
                                 offset, name().c_str());
    }
    guest::RamExtent extent(uint64_t offset, uint64_t limit) const override {
        return good_.extent(offset, limit);
    }

  private:
    MemorySource good_;
    uint64_t limit_;
};

START_TEST(bytes_that_cannot_be_read_are_told) {
    Bytes file = large_file();
    const uint64_t limit = file.size() - 10;
    const auto vmcore = must(Vmcore::read(std::make_shared<const BadEnd>(std::move(file), limit)));
    const auto snapshot = must(dump::Snapshot::take(*vmcore, raw_zlib()));
    const auto writer = must(make_kdump_copy(*vmcore, snapshot, raw_zlib()));
    support::MemorySink sink;
    dump::Progress progress;
    must(writer->begin(sink, progress));
    const auto done = writer->iterate(*snapshot.memory, sink, progress);
    must_fail(done, "of 'memory.vmcore': Input/output error");
}
END_TEST

}  // namespace

Suite* kdump_copy_suite() {
    return support::make_suite(
        "kdump_copy",
        {pages_are_taken_over_as_they_are_stored, copy_of_a_copy_is_the_same_file,
         flattened_and_put_together_again_it_is_the_same_file,
         headers_are_made_anew_and_the_rest_moves_where_they_are_larger,
         uname_of_the_guest_stays_where_its_memory_does_not_tell_it,
         pages_that_were_left_out_stay_so, what_is_to_be_something_else_is_not_copied,
         what_cannot_be_trusted_is_not_copied,
         page_data_that_is_too_large_for_its_pages_is_not_copied,
         bytes_that_no_page_has_are_left_behind, progress_ends_at_the_size_of_memory,
         copy_is_the_same_for_any_number_of_threads, failure_of_any_byte_of_the_target_is_told,
         copy_that_is_cancelled_ends, bytes_that_cannot_be_read_are_told});
}

}  // namespace guestdump::vmcore
