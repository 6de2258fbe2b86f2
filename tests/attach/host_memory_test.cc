// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/host_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "attach/page_map.h"
#include "tests/attach/own_memory.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scratch.h"

namespace guestdump::attach {

Suite* host_memory_suite();

namespace {

using support::Bytes;
using support::must;
using support::must_fail;

struct Fixture {
    const Process process = must(Process::open(::getpid()));
    const PageMap pages = must(PageMap::open(process));

    std::unique_ptr<HostMemory> memory(const OwnMemory& own, size_t count) const {
        const std::array ranges = {HostRange{.address = own.address(), .size = count * kPage}};
        return must(HostMemory::of(process, ranges));
    }
    bool is_present(const OwnMemory& own, size_t page) const {
        return pages.extent(own.address(page), kPage, PageMap::Kind::present).populated;
    }
};

/// The bytes of pages [@first, @first + @count), as @memory reads them.
Bytes read_pages(const HostMemory& memory, const OwnMemory& own, size_t first, size_t count) {
    Bytes bytes(count * kPage, std::byte{0xee});
    must(memory.read(own.address(first), bytes));
    return bytes;
}

START_TEST(anonymous_memory_is_read_and_untouched_pages_stay_so) {
    const Fixture f;
    OwnMemory own(16, MAP_PRIVATE | MAP_ANONYMOUS);
    for (const size_t page : {3, 4, 9}) own.write(page, static_cast<uint8_t>(page));
    const auto memory = f.memory(own, 16);
    const Bytes bytes = read_pages(*memory, own, 0, 16);
    for (size_t page = 0; page < 16; ++page) {
        const bool written = page == 3 || page == 4 || page == 9;
        ck_assert_uint_eq(static_cast<size_t>(bytes[page * kPage]), written ? page : 0);
        ck_assert(support::all_zero(std::span(bytes).subspan(page * kPage + 1, kPage - 1)));
        ck_assert(f.is_present(own, page) == written);
    }
}
END_TEST

START_TEST(extents_tell_where_pages_have_memory) {
    const Fixture f;
    OwnMemory own(16, MAP_PRIVATE | MAP_ANONYMOUS);
    for (const size_t page : {3, 4, 9}) own.write(page, 1);
    const auto memory = f.memory(own, 16);
    const auto extent = [&](uint64_t offset, uint64_t limit) {
        return memory->extent(own.address() + offset, limit);
    };
    guest::RamExtent run = extent(0, 16 * kPage);
    ck_assert(!run.populated && run.length == 3 * kPage);
    run = extent(3 * kPage, 13 * kPage);
    ck_assert(run.populated && run.length == 2 * kPage);
    run = extent(3 * kPage + 100, kPage);
    ck_assert(run.populated && run.length == kPage);
    run = extent(5 * kPage + 1, 2 * kPage);
    ck_assert(!run.populated && run.length == 2 * kPage);
    run = extent(9 * kPage + 5, 7 * kPage - 5);
    ck_assert(run.populated && run.length == kPage - 5);
}
END_TEST

START_TEST(a_shared_object_is_read_where_nobody_has_touched_the_mapping) {
    const Fixture f;
    const util::UniqueFd fd(::memfd_create("test", MFD_CLOEXEC));
    ck_assert(::ftruncate(fd.get(), 16 * kPage) == 0);
    OwnMemory own(16, MAP_SHARED, fd.get());
    own.write(2, 22);
    ck_assert(::pwrite(fd.get(), "\x07", 1, 7 * kPage) == 1);  // as another process would
    const auto memory = f.memory(own, 16);
    const Bytes bytes = read_pages(*memory, own, 0, 16);
    ck_assert(bytes[2 * kPage] == std::byte{22} && bytes[7 * kPage] == std::byte{7});
    ck_assert(!f.is_present(own, 7) && !f.is_present(own, 0));
    const guest::RamExtent hole = memory->extent(own.address(3), 13 * kPage);
    ck_assert(!hole.populated && hole.length == 4 * kPage);
    ck_assert(memory->extent(own.address(7), 9 * kPage).populated);
}
END_TEST

START_TEST(a_private_file_gives_its_own_bytes_and_those_written_over_them) {
    const Fixture f;
    const support::Scratch scratch;
    const util::UniqueFd fd(::open(scratch.path("f").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ck_assert(::ftruncate(fd.get(), 16 * kPage) == 0);
    for (const off_t page : {1, 2}) ck_assert(::pwrite(fd.get(), "F", 1, page * 4096) == 1);
    OwnMemory own(16, MAP_PRIVATE, fd.get());
    own.write(2, 'P');
    own.write(5, 'P');
    ck_assert(own.page(1)[0] == std::byte{'F'});     // touched, but still the file's
    const bool was_present = f.is_present(own, 12);  // the kernel maps pages around a fault
    const auto memory = f.memory(own, 16);
    const Bytes bytes = read_pages(*memory, own, 0, 16);
    ck_assert(bytes[kPage] == std::byte{'F'} && bytes[2 * kPage] == std::byte{'P'});
    ck_assert(bytes[5 * kPage] == std::byte{'P'} && bytes[7 * kPage] == std::byte{0});
    ck_assert(f.is_present(own, 12) == was_present);
    ck_assert(memory->extent(own.address(5), kPage).populated);
    ck_assert(memory->extent(own.address(1), kPage).populated);
    const guest::RamExtent hole = memory->extent(own.address(6), 10 * kPage);
    ck_assert(!hole.populated && hole.length == 10 * kPage);
}
END_TEST

START_TEST(an_object_that_was_cut_is_an_error) {
    const Fixture f;
    const util::UniqueFd fd(::memfd_create("test", MFD_CLOEXEC));
    ck_assert(::ftruncate(fd.get(), 16 * kPage) == 0);
    const OwnMemory own(16, MAP_SHARED, fd.get());
    const auto memory = f.memory(own, 16);
    ck_assert(::ftruncate(fd.get(), 8 * kPage) == 0);
    ck_assert(memory->extent(own.address(8), kPage).populated);
    Bytes bytes(2 * kPage);
    must_fail(memory->read(own.address(7), bytes), "ends at 0x8000");
}
END_TEST

START_TEST(a_range_may_span_several_mappings) {
    const Fixture f;
    OwnMemory own(16, MAP_PRIVATE | MAP_ANONYMOUS);
    for (const size_t page : {0, 7, 8, 15}) own.write(page, static_cast<uint8_t>(page + 1));
    // Advice for a part of a mapping splits the mapping.
    ck_assert(::madvise(own.page(8).data(), 4 * kPage, MADV_DONTFORK) == 0);
    const auto memory = f.memory(own, 16);
    const Bytes bytes = read_pages(*memory, own, 0, 16);
    for (const size_t page : {0, 7, 8, 15})
        ck_assert_uint_eq(static_cast<size_t>(bytes[page * kPage]), page + 1);
}
END_TEST

START_TEST(a_range_that_is_not_mapped_is_refused) {
    const Fixture f;
    OwnMemory own(16, MAP_PRIVATE | MAP_ANONYMOUS);
    ck_assert(::munmap(own.page(8).data(), 4 * kPage) == 0);
    const std::array ranges = {HostRange{.address = own.address(), .size = 16 * kPage}};
    must_fail(HostMemory::of(f.process, ranges), "has 0x8000 of 0x10000 bytes of guest memory");
    const std::array none = {HostRange{.address = 4096, .size = kPage}};
    must_fail(HostMemory::of(f.process, none), "has 0x0 of 0x1000 bytes");
}
END_TEST

START_TEST(an_address_outside_of_the_ranges_is_an_error) {
    const Fixture f;
    const OwnMemory own(1, MAP_PRIVATE | MAP_ANONYMOUS);
    const auto memory = f.memory(own, 1);
    Bytes bytes(16);
    must_fail(memory->read(4096, bytes), "no guest memory is known at host address 0x1000");
}
END_TEST

}  // namespace

Suite* host_memory_suite() {
    return support::make_suite("host_memory",
                               {
                                   anonymous_memory_is_read_and_untouched_pages_stay_so,
                                   extents_tell_where_pages_have_memory,
                                   a_shared_object_is_read_where_nobody_has_touched_the_mapping,
                                   a_private_file_gives_its_own_bytes_and_those_written_over_them,
                                   an_object_that_was_cut_is_an_error,
                                   a_range_may_span_several_mappings,
                                   a_range_that_is_not_mapped_is_refused,
                                   an_address_outside_of_the_ranges_is_an_error,
                               });
}

}  // namespace guestdump::attach
