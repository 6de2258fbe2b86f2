// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_stream.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

using support::must;
using support::must_fail;
using support::noise;

Suite* stream_suite();

namespace {

constexpr size_t kPage = 4096;
constexpr uint64_t kRam = 0x100000;
constexpr uint64_t kMark = 0xffffffff81000000;

/// A stopped guest with 1 MiB of RAM, of which pages 2 and 7 are not zero.
SmallStream small_stream() {
    SmallStream stream;
    for (uint64_t page = 0; page < kRam / kPage; ++page) {
        const bool data = page == 2 || page == 7;
        stream.pages.push_back(
            {.offset = page * kPage, .contents = data ? noise(page, kPage) : Bytes()});
    }
    stream.devices = {stream_cpu(0, kMark), stream_cpu(1, 0x1000), stream_host_bridge(),
                      stream_cmos(kRam, 0)};
    return stream;
}

std::unique_ptr<Vmcore> opened(const Bytes& file, OpenOptions options = {}) {
    return must(Vmcore::read(in_memory(file), options));
}

Bytes read(const Vmcore& vmcore, uint64_t address, size_t size = kPage) {
    Bytes bytes(size);
    must(vmcore.blocks().read(guest::Gpa{address}, bytes));
    return bytes;
}

void check_warning(const Vmcore& vmcore, std::string_view part) {
    for (const std::string& warning : vmcore.contents().warnings)
        if (warning.find(part) != std::string::npos) return;
    ck_abort_msg("no warning says '%s'", std::string(part).c_str());
}

START_TEST(pages_and_registers_are_those_of_the_guest) {
    const auto vmcore = opened(small_stream().file());
    ck_assert_uint_eq(vmcore->blocks().total_bytes(), kRam);
    ck_assert(read(*vmcore, 2 * kPage) == noise(2, kPage));
    ck_assert(read(*vmcore, 7 * kPage) == noise(7, kPage));
    ck_assert(support::all_zero(read(*vmcore, 3 * kPage, 4 * kPage)));
    ck_assert_uint_eq(vmcore->vcpus().size(), 2);
    const target_i386::Registers& first = vmcore->vcpus()[0];
    ck_assert_uint_eq(first.rax, kMark);
    ck_assert_uint_eq(first.rbx, kMark + 3);
    ck_assert_uint_eq(first.r8_to_r15[7], kMark + 15);
    ck_assert_uint_eq(first.rip, kMark + 16);
    ck_assert_uint_eq(first.rflags, 0x202);
    ck_assert_uint_eq(first.cs.selector, 0x11);
    ck_assert_uint_eq(first.cs.flags, 0xa09b00);
    ck_assert_uint_eq(first.gs.base, kMark + 0x105);
    ck_assert_uint_eq(first.gdt.base, 0xfffffe0000001000);
    ck_assert_uint_eq(first.idt.limit, 0xfff);
    ck_assert_uint_eq(first.cr3, 0x2c0a000);
    ck_assert_uint_eq(first.efer, 0xd01);
    ck_assert_uint_eq(first.kernel_gs_base, kMark + 0x200);
    ck_assert_uint_eq(vmcore->vcpus()[1].rip, 0x1010);
    ck_assert(vmcore->contents().warnings.empty());
    ck_assert_str_eq(vmcore->contents().migration->machine_type.c_str(), "pc-i440fx-7.2");
}
END_TEST

START_TEST(reads_across_pages_leave_out_the_words_between_them) {
    SmallStream stream = small_stream();
    for (uint64_t page = 2; page < 200; ++page) stream.pages[page].contents = noise(page, kPage);
    const auto vmcore = opened(stream.file());
    Bytes expected;
    for (uint64_t page = 2; page < 200; ++page) {
        const Bytes one = noise(page, kPage);
        expected.insert(expected.end(), one.begin(), one.end());
    }
    const Bytes found = read(*vmcore, 2 * kPage + 100, 150 * kPage);
    ck_assert(support::same(found, support::View(expected).subspan(100, found.size())));
}
END_TEST

START_TEST(last_version_of_a_page_counts) {
    SmallStream stream = small_stream();
    stream.pages.push_back({.offset = 2 * kPage, .contents = {}});
    stream.pages.push_back({.offset = 7 * kPage, .contents = noise(70, kPage)});
    stream.pages.push_back({.offset = 8 * kPage, .contents = noise(80, kPage)});
    stream.pages.push_back({.offset = 7 * kPage, .contents = noise(71, kPage)});
    const auto vmcore = opened(stream.file());
    ck_assert(support::all_zero(read(*vmcore, 0, 7 * kPage)));
    ck_assert(read(*vmcore, 7 * kPage) == noise(71, kPage));
    ck_assert(read(*vmcore, 8 * kPage) == noise(80, kPage));
    ck_assert(support::all_zero(read(*vmcore, 9 * kPage, kRam - 9 * kPage)));
}
END_TEST

START_TEST(pages_in_any_order_and_many_times_end_as_the_last_one) {
    SmallStream stream = small_stream();
    std::vector<Bytes> expected(kRam / kPage);
    for (const StreamPage& page : stream.pages) expected[page.offset / kPage] = page.contents;
    uint64_t random = 1;
    for (int i = 0; i < 2000; ++i) {
        random = random * 6364136223846793005 + 1442695040888963407;
        const uint64_t page = (random >> 33) % expected.size();
        const uint64_t length = 1 + (random >> 50) % 8;
        for (uint64_t at = page; at < std::min<uint64_t>(page + length, expected.size()); ++at) {
            const Bytes contents = random >> 60 < 6 ? Bytes() : noise(random + at, kPage);
            stream.pages.push_back({.offset = at * kPage, .contents = contents});
            expected[at] = contents;
        }
    }
    const auto vmcore = opened(stream.file());
    for (size_t page = 0; page < expected.size(); ++page) {
        const Bytes found = read(*vmcore, page * kPage);
        ck_assert_msg(expected[page].empty() ? support::all_zero(found) : found == expected[page],
                      "page %zu", page);
    }
}
END_TEST

START_TEST(pages_that_never_come_are_zero_and_not_populated) {
    SmallStream stream = small_stream();
    stream.pages.erase(stream.pages.begin() + 10, stream.pages.end());
    const auto vmcore = opened(stream.file());
    ck_assert(support::all_zero(read(*vmcore, 10 * kPage, kRam - 10 * kPage)));
    ck_assert(vmcore->contents().missing.empty());
    const guest::GuestPhysBlock block = vmcore->blocks().view().front();
    const guest::RamExtent extent = block.region->extent(8 * kPage, kRam);
    ck_assert(!extent.populated);
    ck_assert_uint_eq(extent.length, kRam - 8 * kPage);
    ck_assert(block.region->extent(7 * kPage, kRam).populated);
    ck_assert_uint_eq(block.region->extent(7 * kPage, kRam).length, kPage);
}
END_TEST

START_TEST(vcpus_are_in_the_order_of_their_numbers) {
    SmallStream stream = small_stream();
    std::swap(stream.devices[0], stream.devices[1]);
    const auto vmcore = opened(stream.file());
    ck_assert_uint_eq(vmcore->vcpus()[0].rip, kMark + 16);
}
END_TEST

START_TEST(guests_note_is_read_from_its_memory) {
    SmallStream stream = small_stream();
    Bytes note(12);
    support::put_le32(note, 0, 11);
    support::put_le32(note, 4, 16);
    support::put_text(note, 12, "VMCOREINFO");
    support::put_text(note, 24, "OSRELEASE=6.1.0\n");
    Bytes page(kPage);
    support::put_bytes(page, 0x100, note);
    stream.pages[2].contents = page;
    stream.devices.push_back(stream_note(2 * kPage + 0x100, static_cast<uint32_t>(note.size())));
    const auto vmcore = opened(stream.file());
    ck_assert(vmcore->guest_note() == note);
    stream.devices.back() = stream_note(0xfffffffff000, 40);
    check_warning(*opened(stream.file()), "the guest's note cannot be read");
    stream.devices.back() = stream_note(2 * kPage, 0x7fffffff);
    check_warning(*opened(stream.file()), "the guest's note has format 1 and 0x7fffffff bytes");
}
END_TEST

START_TEST(streams_without_footers_are_read) {
    SmallStream stream = small_stream();
    stream.footers = false;
    ck_assert_uint_eq(opened(stream.file())->vcpus().size(), 2);
}
END_TEST

START_TEST(mapped_ram_has_its_pages_at_fixed_places) {
    SmallStream stream = small_stream();
    stream.capabilities = {"mapped-ram"};
    stream.mapped_ram = true;
    stream.blocks.push_back({"pc.bios", 0x10000});
    stream.pages.push_back({.block = "pc.bios", .offset = kPage, .contents = noise(99, kPage)});
    const auto vmcore = opened(stream.file());
    ck_assert(vmcore->contents().migration->mapped_ram);
    ck_assert(read(*vmcore, 2 * kPage) == noise(2, kPage));
    ck_assert(support::all_zero(read(*vmcore, 3 * kPage, 4 * kPage)));
    ck_assert(read(*vmcore, 7 * kPage) == noise(7, kPage));
    ck_assert(read(*vmcore, 0xffff1000) == noise(99, kPage));
    ck_assert_uint_eq(vmcore->vcpus().size(), 2);
}
END_TEST

}  // namespace

Suite* stream_suite() {
    return support::make_suite(
        "stream",
        {pages_and_registers_are_those_of_the_guest,
         reads_across_pages_leave_out_the_words_between_them, last_version_of_a_page_counts,
         pages_in_any_order_and_many_times_end_as_the_last_one,
         pages_that_never_come_are_zero_and_not_populated, vcpus_are_in_the_order_of_their_numbers,
         guests_note_is_read_from_its_memory, streams_without_footers_are_read,
         mapped_ram_has_its_pages_at_fixed_places});
}

}  // namespace guestdump::vmcore
