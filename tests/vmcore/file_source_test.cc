// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/file_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scratch.h"

namespace guestdump::vmcore {

using support::must;
using support::must_fail;

Suite* file_source_suite();

namespace {

util::UniqueFd create(const std::string& path) {
    util::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    ck_assert(bool(fd));
    return fd;
}

START_TEST(bytes_are_read_at_random_and_only_inside) {
    const support::Scratch folder;
    const util::UniqueFd fd = create(folder.path("vmcore"));
    ck_assert_int_eq(pwrite(fd.get(), "0123456789", 10, 0), 10);
    const auto source = must(FileSource::open(folder.path("vmcore")));
    ck_assert_uint_eq(source->size(), 10);
    support::Bytes part(3);
    must(source->read_at(7, part));
    ck_assert(support::text_at(part, 0, 3) == "789");
    must_fail(source->read_at(8, part),
              "a read of 3 bytes at offset 8 ends beyond the file, which has 10");
    must_fail(source->read_at(UINT64_MAX, part), "at offset 18446744073709551615");
}
END_TEST

START_TEST(file_that_is_cut_while_it_is_open_gives_an_error) {
    const support::Scratch folder;
    const util::UniqueFd fd = create(folder.path("vmcore"));
    ck_assert_int_eq(ftruncate(fd.get(), 8192), 0);
    const auto source = must(FileSource::open(folder.path("vmcore")));
    ck_assert_int_eq(ftruncate(fd.get(), 100), 0);
    support::Bytes part(200);
    must_fail(source->read_at(0, part), "ends at 100 though it had 8192 bytes");
}
END_TEST

START_TEST(holes_are_told) {
    const support::Scratch folder;
    const util::UniqueFd fd = create(folder.path("vmcore"));
    constexpr uint64_t kMiB = 1 << 20;
    ck_assert_int_eq(ftruncate(fd.get(), 3 * kMiB), 0);
    ck_assert_int_eq(pwrite(fd.get(), "data", 4, kMiB), 4);
    const auto source = must(FileSource::open(folder.path("vmcore")));
    if (source->extent(0, 1).populated) return;  // a file system without holes
    const guest::RamExtent before = source->extent(100, 3 * kMiB);
    ck_assert_uint_eq(before.length, kMiB - 100);
    const guest::RamExtent data = source->extent(kMiB, 3 * kMiB);
    ck_assert(data.populated);
    const guest::RamExtent after = source->extent(kMiB + data.length, 3 * kMiB);
    ck_assert(!after.populated);
    ck_assert_uint_eq(kMiB + data.length + after.length, 3 * kMiB);
    ck_assert_uint_eq(source->extent(100, 101).length, 1);
}
END_TEST

START_TEST(what_cannot_be_read_at_random_is_refused_at_once) {
    const support::Scratch folder;
    must_fail(FileSource::open(folder.path("vmcore")), "No such file or directory");
    must_fail(FileSource::open(folder.folder()), "is not a regular file");
    ck_assert_int_eq(mkfifo(folder.path("vmcore").c_str(), 0600), 0);
    must_fail(FileSource::open(folder.path("vmcore")), "is not a regular file");
}
END_TEST

}  // namespace

Suite* file_source_suite() {
    return support::make_suite(
        "file_source",
        {bytes_are_read_at_random_and_only_inside, file_that_is_cut_while_it_is_open_gives_an_error,
         holes_are_told, what_cannot_be_read_at_random_is_refused_at_once});
}

}  // namespace guestdump::vmcore
