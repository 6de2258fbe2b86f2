// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/kdump_writer.h"

#include <cerrno>
#include <cstring>
#include <mutex>
#include <set>
#include <string>

#include "dump/kdump/page_hash.h"
#include "tests/dump/built.h"
#include "tests/dump/dumping.h"
#include "tests/support/faulty_sink.h"
#include "tests/support/golden.h"
#include "tests/support/kdump_reader.h"
#include "tests/support/run_suites.h"

namespace guestdump::dump {

Suite* kdump_writer_suite();

namespace {

using support::Bytes;
using support::must;
using support::must_fail;

constexpr uint32_t flags_of(Compression compression) {
    switch (compression) {
        case Compression::zlib:
            return 0x1;
        case Compression::lzo:
            return 0x2;
        case Compression::snappy:
            return 0x4;
        case Compression::zstd:
            break;
    }
    return 0x20;
}

/// Every kind of page, and more pages than fit one chunk.
constexpr std::string_view kEveryKind =
    "mode long\n"
    "cpus 2\n"
    "ram 0x0 4 pages = 00 text pattern text\n"
    "ram 0x4000 100 bytes = 11\n"   // a page that RAM fills partly
    "ram 0x4800 2048 bytes = 22\n"  // another block on the same page
    "ram 0x10000 6 pages = pattern 33 33 00 hole hole\n"
    "ram 0x100000 700 pages = pattern pattern text 44 hole 55\n"
    "vmcoreinfo OSRELEASE=6.1.0\n";

std::unique_ptr<support::ScriptedGuest> every_kind() {
    return must(support::ScriptedGuest::parse(kEveryKind));
}

/// Fails the test unless each page of @file has the contents of the guest's RAM.
void check_pages(const support::KdumpFile& file, const guest::Guest& guest) {
    const guest::GuestPhysBlockList blocks = guest.blocks();
    const guest::RamSource ram(blocks);
    Bytes expected(4096);
    for (const auto& [pfn, page] : file.pages) {
        const guest::Gpa gpa{pfn * 4096};
        const guest::RamExtent extent = ram.extent(gpa, 4096);
        std::fill(expected.begin(), expected.end(), std::byte{0});
        if (extent.populated || extent.length < 4096) must(ram.read_padded(gpa, expected));
        ck_assert_msg(must(file.page(pfn)) == expected, "pfn 0x%" PRIx64 " differs", pfn);
    }
}

/// Runs of the set bits, as "0-3,0x10".
std::string runs_of(const std::vector<bool>& bitmap) {
    std::string text;
    for (size_t pfn = 0; pfn < bitmap.size(); ++pfn) {
        if (!bitmap[pfn]) continue;
        const size_t first = pfn;
        while (pfn + 1 < bitmap.size() && bitmap[pfn + 1]) ++pfn;
        char run[64];
        snprintf(run, sizeof run, first == pfn ? "%s0x%zx" : "%s0x%zx-0x%zx",
                 text.empty() ? "" : ",", first, pfn);
        text += run;
    }
    return text;
}

/// How a page is stored, without its size, which depends on the compressor's version.
std::string kind_of(const support::KdumpFile& file, uint64_t pfn) {
    const support::KdumpFile::Page& page = file.pages.at(pfn);
    for (const auto& [other, earlier] : file.pages) {
        if (other == pfn) break;
        if (earlier.offset == page.offset) return "as " + std::to_string(other);
    }
    if (page.flags == 0) return support::all_zero(must(file.page(pfn))) ? "zero" : "raw";
    return "flags " + std::to_string(page.flags);
}

std::string description(const support::KdumpFile& file) {
    char line[256];
    snprintf(line, sizeof line, "kdump version %u of %d bits, block %u, cpus %u, status 0x%x\n",
             file.version, file.bits, file.block_size, file.nr_cpus, file.status);
    std::string text = line;
    text += "utsname '" + file.sysname + "' '" + file.nodename + "' '" + file.release + "' '" +
            file.machine_version + "' '" + file.machine + "' '" + file.domainname + "'\n";
    snprintf(line, sizeof line,
             "sub header blocks %u, bitmap blocks %u, max_mapnr 0x%x 0x%" PRIx64 "\n",
             file.sub_header_blocks, file.bitmap_blocks, file.max_mapnr_32, file.max_mapnr);
    text += line;
    snprintf(line, sizeof line,
             "phys_base 0x%" PRIx64 ", dump_level %u, split %u, notes %" PRIu64 " at %" PRIu64 "\n",
             file.phys_base, file.dump_level, file.split, file.note_size, file.note_offset);
    text += line;
    text += "vmcoreinfo '" + file.vmcoreinfo() + "'\n";
    text += "bitmap 1: " + runs_of(file.bitmap1) + "\nbitmap 2: " + runs_of(file.bitmap2) + "\n";
    snprintf(line, sizeof line, "descriptors at %" PRIu64 "\n", file.descriptors_offset);
    text += line;
    for (const auto& [pfn, page] : file.pages) {
        text += "page " + std::to_string(pfn) + ": " + kind_of(file, pfn) + "\n";
    }
    return text;
}

void check_described(const std::string& name, const Request& request) {
    const auto guest = must(support::ScriptedGuest::parse(support::read_golden(name + ".guest")));
    const Bytes image = dump_image(*guest, request);
    const support::KdumpFile file = must(support::read_kdump(image));
    check_pages(file, *guest);
    support::check_golden(name + ".expect", description(file));
}

START_TEST(a_long_mode_guest_is_laid_out_as_described) {
    check_described("kdump_long_mode", KdumpRequest{.compression = Compression::zlib});
}
END_TEST

#ifdef HAVE_LZO
START_TEST(a_32_bit_guest_is_laid_out_as_described) {
    check_described("kdump_32_bit",
                    KdumpRequest{.compression = Compression::lzo, .flattened = false});
}
END_TEST

#endif

#ifdef HAVE_ZSTD
START_TEST(a_part_of_memory_is_laid_out_as_described) {
    check_described("kdump_part",
                    part_of(KdumpRequest{.compression = Compression::zstd}, 0x1fff, 2));
}
END_TEST
#endif

START_TEST(every_page_comes_back_in_every_format) {
    const auto guest = every_kind();
    for (const Compression compression : built_compressions()) {
        for (const bool share : {true, false}) {
            for (const bool flattened : {true, false}) {
                const Bytes image = dump_image(
                    *guest,
                    {.compression = compression, .flattened = flattened, .share_pages = share});
                const support::KdumpFile file = must(support::read_kdump(image));
                ck_assert_uint_eq(file.status, flags_of(compression));
                ck_assert_uint_eq(file.pages.size(), 4 + 1 + 6 + 700);
                ck_assert_uint_eq(file.pages.at(1).flags, flags_of(compression));
                check_pages(file, *guest);
            }
        }
    }
}
END_TEST

START_TEST(the_bytes_are_the_same_for_any_number_of_threads) {
    const auto guest = every_kind();
    for (const Compression compression : built_compressions()) {
        for (const bool flattened : {true, false}) {
            Request request =
                on_threads(1, KdumpRequest{.compression = compression, .flattened = flattened});
            const Bytes one = dump_file(*guest, request);
            for (const unsigned threads : {2u, 8u, 100u}) {
                request.threads = threads;
                ck_assert(dump_file(*guest, request) == one);
            }
        }
    }
}
END_TEST

START_TEST(a_flattened_file_put_together_is_the_raw_file) {
    const auto guest = every_kind();
    ck_assert(dump_image(*guest, {.flattened = true}) == dump_image(*guest, {.flattened = false}));
}
END_TEST

START_TEST(equal_pages_are_stored_once_if_that_is_wanted) {
    const auto guest = every_kind();
    for (const bool share : {true, false}) {
        const Bytes image = dump_image(*guest, {.share_pages = share});
        const support::KdumpFile file = must(support::read_kdump(image));
        // Pages of 33 are adjacent; hundreds of pages of 55 follow each other.
        ck_assert_int_eq(file.pages.at(0x11).offset == file.pages.at(0x12).offset, share);
        ck_assert_int_eq(file.pages.at(0x105).offset == file.pages.at(0x3bb).offset, share);
        ck_assert_uint_ne(file.pages.at(0x100).offset, file.pages.at(0x101).offset);
    }
}
END_TEST

/// The hash multiplies words in pairs. A guest can choose the second word so that its factor is
/// zero; then the first word has no effect.
START_TEST(different_pages_that_a_guest_gave_one_hash_are_both_stored) {
    constexpr uint64_t kFactorZero = 0xbb67ae8584caa73b;
    Bytes ram(3 * 4096, std::byte{0x5a});
    for (size_t pfn = 0; pfn < 3; ++pfn) {
        std::memcpy(ram.data() + pfn * 4096, &pfn, sizeof pfn);
        std::memcpy(ram.data() + pfn * 4096 + 8, &kFactorZero, sizeof kFactorZero);
    }
    const std::span<const std::byte> bytes(ram);
    ck_assert_uint_eq(hash_page(bytes.first(4096)), hash_page(bytes.subspan(4096, 4096)));
    const auto guest = must(support::ScriptedGuest::parse("mode long\ncpus 1\n"));
    guest->add_ram(0, ram);
    const Bytes image = dump_image(*guest, {.share_pages = true});
    const support::KdumpFile file = must(support::read_kdump(image));
    ck_assert_uint_eq(file.pages.size(), 3);
    check_pages(file, *guest);
}
END_TEST

START_TEST(zero_pages_share_one_page_in_front_of_the_others) {
    const auto guest = every_kind();
    for (const bool share : {true, false}) {
        const Bytes image = dump_image(*guest, {.share_pages = share});
        const support::KdumpFile file = must(support::read_kdump(image));
        const uint64_t data = file.descriptors_offset + 24 * file.pages.size();
        for (const uint64_t pfn : {0x0, 0x13, 0x14, 0x15, 0x104}) {
            ck_assert_uint_eq(file.pages.at(pfn).offset, data);
            ck_assert_uint_eq(file.pages.at(pfn).size, 4096);
        }
    }
}
END_TEST

START_TEST(incompressible_pages_are_stored_as_they_are) {
    const auto guest = every_kind();
    for (const Compression compression : built_compressions()) {
        const Bytes image = dump_image(*guest, {.compression = compression});
        const support::KdumpFile file = must(support::read_kdump(image));
        ck_assert_uint_eq(file.pages.at(2).flags, 0);
        ck_assert_uint_eq(file.pages.at(2).size, 4096);
    }
}
END_TEST

START_TEST(notes_come_whole_and_vmcoreinfo_is_found_in_them) {
    const auto guest = every_kind();
    const Bytes image = dump_image(*guest, KdumpRequest{});
    const support::KdumpFile file = must(support::read_kdump(image));
    ck_assert_uint_eq(file.notes.size(), 5);
    ck_assert(file.vmcoreinfo() == "OSRELEASE=6.1.0\n");
    ck_assert_uint_eq(file.nr_cpus, 2);
}
END_TEST

START_TEST(a_part_of_memory_has_whole_pages_and_the_first_bitmap_of_all) {
    const auto guest = every_kind();
    const Bytes image = dump_image(*guest, part_of(KdumpRequest{}, 0x10fff, 2));
    const support::KdumpFile file = must(support::read_kdump(image));
    ck_assert_uint_eq(file.pages.size(), 2);
    ck_assert_uint_eq(file.max_mapnr, 0x3bc);
    ck_assert(file.bitmap1[0x3bb] && !file.bitmap2[0x3bb]);
    check_pages(file, *guest);
}
END_TEST

START_TEST(a_full_target_fails_the_dump_at_every_byte) {
    const auto guest = must(support::ScriptedGuest::parse(
        "cpus 1\nram 0x0 3 pages = 00 text pattern\nram 0x100000 1 pages = text\n"));
    for (const bool flattened : {true, false}) {
        const Request request = on_threads(1, KdumpRequest{.flattened = flattened});
        const size_t size = dump_file(*guest, request).size();
        for (size_t good = 0; good < size; good += good % 193 + 1) {
            support::FaultySink sink(std::make_unique<support::MemorySink>(), good, ENOSPC);
            const Result<> done = dump_to(sink, *guest, request);
            ck_assert_msg(!done, "%zu of %zu bytes were enough", good, size);
            ck_assert_int_eq(done.error().os_error(), ENOSPC);
            must_fail(done, "No space left on device");
        }
    }
}
END_TEST

START_TEST(memory_that_cannot_be_read_fails_the_dump) {
    support::ScriptedGuest guest;
    guest.add_cpu();
    guest.add_ram(0, support::noise(1, 4 * 4096)).fail_at(2 * 4096);
    support::MemorySink sink;
    must_fail(dump_to(sink, guest, KdumpRequest{}), "'ram0' cannot be read");
}
END_TEST

START_TEST(a_cancelled_dump_ends) {
    const auto guest = every_kind();
    const Snapshot snapshot = must(Snapshot::take(*guest, KdumpRequest{}));
    const auto writer = must(make_kdump_writer(snapshot, KdumpRequest{}));
    support::MemorySink sink;
    Progress progress;
    must(writer->begin(sink, progress));
    progress.cancel();
    must_fail(writer->begin(sink, progress), "cancelled");
    must_fail(writer->iterate(*snapshot.memory, sink, progress), "cancelled");
}
END_TEST

/// Memory whose pages may be read only once: read_ contains the pages that were read.
class OneTimeSource final : public guest::PageSource {
  public:
    explicit OneTimeSource(const guest::PageSource& memory) : memory_(memory) {}

    const guest::GuestPhysBlockList& blocks() const override { return memory_.blocks(); }
    Result<> read(guest::Gpa from, std::span<std::byte> out) const override {
        return read_padded(from, out);
    }
    Result<> read_padded(guest::Gpa from, std::span<std::byte> out) const override {
        for (uint64_t at = 0; at < out.size(); at += 4096) {
            const std::lock_guard lock(mutex_);
            if (!read_.insert((from.value + at) / 4096).second)
                return Error::make("page 0x%" PRIx64 " is read twice", from.value + at);
        }
        return memory_.read_padded(from, out);
    }
    guest::RamExtent extent(guest::Gpa from, uint64_t limit) const override {
        return memory_.extent(from, limit);
    }
    bool pages_stay() const override { return false; }

  private:
    const guest::PageSource& memory_;
    mutable std::mutex mutex_;  // several workers read at once
    mutable std::set<uint64_t> read_;
};

START_TEST(pages_that_do_not_stay_are_read_once) {
    const auto guest = every_kind();
    const Request request = on_threads(2, KdumpRequest{.flattened = false});
    const Snapshot snapshot = must(Snapshot::take(*guest, request));
    const auto writer = must(make_kdump_writer(snapshot, request));
    support::MemorySink sink;
    Progress progress;
    must(writer->begin(sink, progress));
    must(writer->iterate(OneTimeSource(*snapshot.memory), sink, progress));
    must(writer->completed(sink));
    const Bytes image = sink.bytes();
    check_pages(must(support::read_kdump(image)), *guest);
}
END_TEST

START_TEST(progress_counts_all_of_memory) {
    const auto guest = every_kind();
    const Snapshot snapshot = must(Snapshot::take(*guest, KdumpRequest{}));
    const auto writer = must(make_kdump_writer(snapshot, KdumpRequest{}));
    support::MemorySink sink;
    Progress progress;
    must(writer->begin(sink, progress));
    must(writer->iterate(*snapshot.memory, sink, progress));
    ck_assert_uint_ge(progress.completed(), snapshot.blocks.total_bytes());
}
END_TEST

START_TEST(a_level_that_there_is_not_is_refused) {
    const auto guest = every_kind();
    const Snapshot snapshot = must(Snapshot::take(*guest, KdumpRequest{}));
    must_fail(make_kdump_writer(snapshot, KdumpRequest{.level = 13}), "not 13");
    must_fail(make_kdump_writer(snapshot, KdumpRequest{.level = -1}), "not -1");
}
END_TEST

START_TEST(memory_too_high_for_the_bitmaps_is_refused) {
    support::ScriptedGuest guest;
    guest.add_cpu();
    guest.add_ram(uint64_t{1} << 63, 4096);
    support::MemorySink sink;
    must_fail(dump_to(sink, guest, KdumpRequest{}), "page frame 0x8000000000000 is too high");
}
END_TEST

}  // namespace

Suite* kdump_writer_suite() {
    return support::make_suite("kdump_writer",
                               {
                                   a_long_mode_guest_is_laid_out_as_described,
#ifdef HAVE_LZO
                                   a_32_bit_guest_is_laid_out_as_described,
#endif
#ifdef HAVE_ZSTD
                                   a_part_of_memory_is_laid_out_as_described,
#endif
                                   every_page_comes_back_in_every_format,
                                   the_bytes_are_the_same_for_any_number_of_threads,
                                   a_flattened_file_put_together_is_the_raw_file,
                                   equal_pages_are_stored_once_if_that_is_wanted,
                                   different_pages_that_a_guest_gave_one_hash_are_both_stored,
                                   zero_pages_share_one_page_in_front_of_the_others,
                                   incompressible_pages_are_stored_as_they_are,
                                   notes_come_whole_and_vmcoreinfo_is_found_in_them,
                                   a_part_of_memory_has_whole_pages_and_the_first_bitmap_of_all,
                                   a_full_target_fails_the_dump_at_every_byte,
                                   memory_that_cannot_be_read_fails_the_dump,
                                   a_cancelled_dump_ends,
                                   pages_that_do_not_stay_are_read_once,
                                   progress_counts_all_of_memory,
                                   a_level_that_there_is_not_is_refused,
                                   memory_too_high_for_the_bitmaps_is_refused,
                               });
}

}  // namespace guestdump::dump
