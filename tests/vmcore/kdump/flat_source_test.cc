// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump/flat_source.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_files.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

using support::must;
using support::must_fail;
using support::noise;

Suite* flat_source_suite();

namespace {

Bytes whole(const ByteSource& source) {
    Bytes bytes(source.size());
    must(source.read_at(0, bytes));
    return bytes;
}

/// A flattened file of these records, and the result of writing them one after the other.
struct Script {
    Bytes file, image;

    Script() { put_flat_header(file); }
    void add(uint64_t offset, const Bytes& data) {
        put_flat_record(file, offset, data);
        support::put_bytes(image, offset, data);
    }
    Bytes finish() {
        put_flat_end(file);
        return file;
    }
};

START_TEST(records_in_any_order_with_gaps_are_the_file) {
    Script script;
    script.add(5000, noise(1, 3000));
    script.add(0, noise(2, 1000));
    script.add(1000, noise(3, 1));
    const auto source = must(FlatSource::open(in_memory(script.finish())));
    ck_assert(is_flattened(*in_memory(script.file)));
    ck_assert(whole(*source) == script.image);
    const guest::RamExtent gap = source->extent(1001, 8000);
    ck_assert(!gap.populated);
    ck_assert_uint_eq(gap.length, 5000 - 1001);
    ck_assert(source->extent(999, 8000).populated);
    must_fail(source->read_at(7999, std::span(script.image).first(2)), "has 8000 bytes");
}
END_TEST

START_TEST(of_overlapping_records_the_later_one_wins) {
    Script script;
    script.add(100, noise(1, 100));
    script.add(150, noise(2, 100));  // across its end
    script.add(50, noise(3, 60));    // across its start
    script.add(120, noise(4, 10));   // inside
    script.add(240, noise(5, 20));
    script.add(0, noise(6, 10));
    const auto source = must(FlatSource::open(in_memory(script.finish())));
    ck_assert(whole(*source) == script.image);
}
END_TEST

START_TEST(random_records_read_as_if_written_one_by_one) {
    for (uint64_t seed = 1; seed <= 50; ++seed) {
        const Bytes dice = noise(seed, 4 * 40);
        Script script;
        for (size_t i = 0; i < 40; ++i) {
            const uint64_t offset = support::le16_at(dice, 4 * i) % 500;
            script.add(offset, noise(seed * 100 + i, 1 + support::le16_at(dice, 4 * i + 2) % 60));
        }
        const auto source = must(FlatSource::open(in_memory(script.finish())));
        ck_assert(whole(*source) == script.image);
        for (size_t i = 1; i < source->ranges().size(); ++i) {
            ck_assert_uint_le(source->ranges()[i - 1].end(), source->ranges()[i].offset);
        }
    }
}
END_TEST

START_TEST(what_the_format_forbids_is_refused) {
    struct Bad {
        uint64_t offset, size;
        const char* error;
    };
    const Bad bad[] = {
        {0, 0, "the record at offset 4096 has size 0"},
        {0, UINT64_MAX, "has size -1 and offset 0"},
        {UINT64_MAX, 8, "has size 8 and offset -1"},
        {INT64_MAX, 1, "has size 1 and offset 9223372036854775807"},
        {0, 9, "a record of 9 bytes at offset 4112 ends beyond"},
    };
    for (const Bad& record : bad) {
        Bytes file;
        put_flat_header(file);
        support::put_be64(file, 4096, record.offset);
        support::put_be64(file, 4104, record.size);
        file.resize(4112 + 8);
        must_fail(FlatSource::open(in_memory(file)), record.error);
    }
    Bytes newer;
    put_flat_header(newer);
    support::put_be64(newer, 24, 2);
    must_fail(FlatSource::open(in_memory(newer)), "type 1 version 2, where type 1 version 1");
}
END_TEST

START_TEST(a_flattened_file_cut_anywhere_is_refused) {
    Script script;
    script.add(0, noise(1, 50));
    script.add(100, noise(2, 50));
    const Bytes file = script.finish();
    for (size_t size = 4096; size < file.size(); ++size) {
        must_fail(FlatSource::open(
                      in_memory(Bytes(file.begin(), file.begin() + static_cast<ptrdiff_t>(size)))),
                  "ends beyond the file");
    }
    must(FlatSource::open(in_memory(file)));
}
END_TEST

START_TEST(vmcores_are_read_through_it) {
    SmallElf elf{.loads = {{.paddr = 0x1000, .contents = noise(1, 10000)}}};
    SmallKdump kdump{.pages = {{.pfn = 3, .flags = 1, .contents = text_page(3)}}};
    const auto from_elf = must(Vmcore::read(in_memory(flattened(elf.file(), 700))));
    const auto from_kdump = must(Vmcore::read(in_memory(flattened(kdump.file(), 700))));
    ck_assert(from_elf->flattened() && !from_elf->kdump());
    ck_assert(from_kdump->flattened() && from_kdump->kdump());
    Bytes memory(10000), page(4096);
    must(from_elf->blocks().read(guest::Gpa{0x1000}, memory));
    must(from_kdump->blocks().read(guest::Gpa{0x3000}, page));
    ck_assert(memory == noise(1, 10000));
    ck_assert(page == text_page(3));
}
END_TEST

}  // namespace

Suite* flat_source_suite() {
    return support::make_suite(
        "flat_source",
        {records_in_any_order_with_gaps_are_the_file, of_overlapping_records_the_later_one_wins,
         random_records_read_as_if_written_one_by_one, what_the_format_forbids_is_refused,
         a_flattened_file_cut_anywhere_is_refused, vmcores_are_read_through_it});
}

}  // namespace guestdump::vmcore
