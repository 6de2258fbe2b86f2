// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/flat_reader.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::support {

Suite* flat_reader_suite();

namespace {

Bytes header() {
    Bytes file(4096);
    put_text(file, 0, "makedumpfile");
    put_be64(file, 16, 1);
    put_be64(file, 24, 1);
    return file;
}

void put_record(Bytes& file, uint64_t offset, std::string_view data) {
    put_be64(file, file.size(), offset);
    put_be64(file, file.size(), data.size());
    put_text(file, file.size(), data);
}

void put_end(Bytes& file) {
    put_be64(file, file.size(), UINT64_MAX);
    put_be64(file, file.size(), UINT64_MAX);
}

START_TEST(records_in_any_order_become_the_file) {
    Bytes file = header();
    put_record(file, 4, "back");
    put_record(file, 0, "fore");
    put_end(file);
    const FlatFile flat = must(read_flat(file));
    ck_assert_uint_eq(flat.records.size(), 2);
    ck_assert(text_at(flat.image, 0, 8) == "foreback");
}
END_TEST

START_TEST(what_the_format_forbids_is_refused) {
    Bytes cut = header();
    put_record(cut, 0, "some");
    must_fail(read_flat(cut), "no end record");
    cut.resize(cut.size() - 1);
    must_fail(read_flat(cut), "cut");

    Bytes empty = header();
    put_record(empty, 0, "");
    put_end(empty);
    must_fail(read_flat(empty), "empty record");

    Bytes overlapping = header();
    put_record(overlapping, 0, "some");
    put_record(overlapping, 3, "more");
    put_end(overlapping);
    must_fail(read_flat(overlapping), "overlap");

    Bytes longer = header();
    put_end(longer);
    longer.push_back(std::byte{0});
    must_fail(read_flat(longer), "1 bytes behind the end");

    Bytes padded = header();
    padded[4095] = std::byte{1};
    put_end(padded);
    must_fail(read_flat(padded), "padded");
}
END_TEST

}  // namespace

Suite* flat_reader_suite() {
    return make_suite("flat_reader",
                      {records_in_any_order_become_the_file, what_the_format_forbids_is_refused});
}

}  // namespace guestdump::support
