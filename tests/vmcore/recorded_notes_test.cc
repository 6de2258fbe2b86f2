// SPDX-License-Identifier: GPL-2.0-or-later
/// Notes that nobody here understands go along with every conversion.
#include <algorithm>
#include <cstring>

#include "dump/snapshot.h"
#include "dump/writer.h"
#include "tests/support/elf_reader.h"
#include "tests/support/kdump_reader.h"
#include "tests/support/memory_sink.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_files.h"
#include "util/stored.h"
#include "vmcore/inspect/compare.h"
#include "vmcore/inspect/describe.h"
#include "vmcore/kdump/kdump_copy.h"

namespace guestdump::vmcore {

using dump::ElfRequest;
using dump::KdumpRequest;
using dump::Request;
using support::must;

Suite* recorded_notes_suite();

namespace {

constexpr uint64_t kPage = 4096;

std::unique_ptr<Vmcore> opened(const Bytes& file) {
    return must(Vmcore::read(in_memory(file)));
}

Bytes converted(const Bytes& file, const Request& request) {
    const auto vmcore = opened(file);
    const auto snapshot = must(dump::Snapshot::take(*vmcore, request));
    auto writer = must(make_kdump_copy(*vmcore, snapshot, request));
    if (!writer) writer = must(dump::make_writer(snapshot, request));
    support::MemorySink sink;
    dump::Progress progress;
    must(writer->begin(sink, progress));
    must(writer->iterate(*snapshot.memory, sink, progress));
    must(writer->completed(sink));
    return sink.bytes();
}

const Request kZlib = KdumpRequest{.flattened = false};

Bytes bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

Bytes joined(std::initializer_list<Bytes> parts) {
    Bytes all;
    for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

constexpr const char* kLines = "OSRELEASE=6.1.0\nPAGESIZE=4096\n";

/// As files of kernels and of Xen have them.
Bytes many_notes(const Bytes& device_dump = Bytes(12000, std::byte{7})) {
    return joined({note("CORE", 1, Bytes(336)), note("CORE", 2, Bytes(512, std::byte{1})),
                   note("LINUX", 0x202, Bytes(832, std::byte{2})),
                   note("Xen", 0x1000001, Bytes(80)),
                   note("VMCOREINFO_XEN", 0, bytes_of("XENVERSION=4.9\n")),
                   note("VMCOREINFO", 0, bytes_of(kLines)),
                   note("ERASEINFO", 0, bytes_of("erase jiffies size 8\n")),
                   note("LINUX", 0x700, device_dump)});
}

Bytes elf_with(const Bytes& notes, const Bytes& memory = Bytes(4 * kPage, std::byte{5})) {
    const SmallElf elf{.loads = {{.paddr = 0, .contents = memory}}, .notes = notes};
    return elf.file();
}

void expect_notes(const std::vector<support::ElfNote>& found, const Bytes& expected) {
    const auto wanted = must(support::read_notes(expected, 0, expected.size()));
    ck_assert_uint_eq(found.size(), wanted.size());
    for (size_t i = 0; i < wanted.size(); ++i) {
        ck_assert_str_eq(found[i].name.c_str(), wanted[i].name.c_str());
        ck_assert_uint_eq(found[i].type, wanted[i].type);
        ck_assert(found[i].descriptor == wanted[i].descriptor);
    }
}

/// Offset and size of erase info in a 64-bit sub header.
std::string erase_info(const Bytes& file) {
    const uint64_t at = support::le64_at(file, 4096 + 64), size = support::le64_at(file, 4096 + 72);
    return std::string(support::text_at(file, at, size));
}

START_TEST(notes_of_others_are_carried_in_their_order) {
    const Bytes from = elf_with(many_notes());
    const Bytes elf = converted(from, ElfRequest{});
    expect_notes(must(support::read_elf(elf)).notes, many_notes());
    const Bytes kdump = converted(from, kZlib);
    expect_notes(must(support::read_kdump(kdump)).notes, many_notes());
    const Bytes back = converted(kdump, ElfRequest{});
    expect_notes(must(support::read_elf(back)).notes, many_notes());
    for (const Bytes& file : {elf, kdump, back})
        ck_assert(must(compare(*opened(from), *opened(file), 1)).equal());
}
END_TEST

START_TEST(a_large_device_dump_is_carried) {
    const Bytes notes = many_notes(support::noise(1, 40 << 20));
    const Bytes from = elf_with(notes);
    const Bytes to = converted(from, kZlib);
    expect_notes(must(support::read_kdump(to)).notes, notes);
}
END_TEST

START_TEST(notes_without_vmcoreinfo_are_no_guests_note) {
    const Bytes notes = joined({note("CORE", 1, Bytes(336)), note("LINUX", 0x700, Bytes(2 << 20))});
    const auto vmcore = opened(elf_with(notes));
    ck_assert(!vmcore->guest_note());
    const auto snapshot = must(dump::Snapshot::take(*vmcore, ElfRequest{}));
    ck_assert(snapshot.warnings.empty());
    expect_notes(must(support::read_notes(snapshot.notes, 0, snapshot.notes.size())), notes);
}
END_TEST

constexpr const char* kFullLines =
    "OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffffffff81003040\n"
    "OFFSET(uts_namespace.name)=8\nSYMBOL(_stext)=ffffffff81003000\n"
    "NUMBER(phys_base)=-16777216\n";

/// Memory with a kernel, and its VMCOREINFO at 0x5000.
Bytes kernels_memory() {
    Bytes ram(0x6000);
    support::put_text(ram, 0x3048, "Linux");
    support::put_text(ram, 0x3048 + 65 * 2, "6.1.0");
    support::put_text(ram, 0x3048 + 65 * 3, "#1 SMP");
    support::put_text(ram, 0x5000, kFullLines);
    return ram;
}

START_TEST(only_vmcoreinfo_stops_the_search_for_it) {
    const Bytes notes =
        joined({note("CORE", 1, Bytes(336)), note("SOMETHINGX", 0, bytes_of(kLines))});
    const Bytes file = elf_with(notes, kernels_memory());
    const Bytes found = note("VMCOREINFO", 0, bytes_of(kFullLines));
    const Bytes to = converted(file, ElfRequest{});
    expect_notes(must(support::read_elf(to)).notes, joined({notes, found}));
    const auto info = must(describe(*opened(file), "f"));
    ck_assert_uint_eq(info.vmcoreinfo_found_at.value(), 0x5000);
}
END_TEST

/// A note from another boot: its kernel is a page further on.
Bytes stale_file() {
    std::string lines = kFullLines;
    lines.replace(lines.find("81003040"), 8, "81004040");
    return elf_with(joined({note("CORE", 1, Bytes(336)), note("VMCOREINFO", 0, bytes_of(lines))}),
                    kernels_memory());
}

START_TEST(a_vmcoreinfo_that_contradicts_memory_is_reported) {
    const auto vmcore = opened(stale_file());
    const std::string expected =
        "VMCOREINFO contradicts the guest: the names at init_uts_ns, 0x4040 in memory, are not of "
        "release 6.1.0";
    const auto info = must(describe(*vmcore, "f"));
    ck_assert_uint_eq(info.warnings.size(), 1);
    ck_assert_str_eq(info.warnings[0].c_str(), expected.c_str());
    const auto snapshot = must(dump::Snapshot::take(*vmcore, ElfRequest{}));
    ck_assert_uint_eq(snapshot.warnings.size(), 1);
    ck_assert(snapshot.warnings[0].starts_with(expected));
}
END_TEST

START_TEST(vmcoreinfo_that_was_searched_for_replaces_the_note) {
    Request request = ElfRequest{};
    request.replace_vmcoreinfo = true;
    const auto vmcore = opened(stale_file());
    const auto snapshot = must(dump::Snapshot::take(*vmcore, request));
    ck_assert(snapshot.warnings.empty());
    ck_assert(snapshot.vmcoreinfo->text() == kFullLines);
    const auto notes = must(support::read_notes(snapshot.notes, 0, snapshot.notes.size()));
    ck_assert_uint_eq(notes.size(), 2);
    const auto info = must(describe(*vmcore, "f", {.replace_vmcoreinfo = true}));
    ck_assert(info.vmcoreinfo.value() == kFullLines);
    // If there is none in memory, the note stays.
    const auto without = opened(elf_with(many_notes()));
    ck_assert(must(dump::Snapshot::take(*without, request)).vmcoreinfo->text() == kLines);
}
END_TEST

START_TEST(memory_that_is_not_in_the_file_contradicts_nothing) {
    const Bytes notes =
        joined({note("CORE", 1, Bytes(336)), note("VMCOREINFO", 0, bytes_of(kFullLines))});
    const auto vmcore = opened(elf_with(notes, Bytes(0x2000)));
    ck_assert(must(describe(*vmcore, "f")).warnings.empty());
}
END_TEST

START_TEST(erase_info_goes_from_kdump_to_kdump_and_to_elf) {
    const Bytes kdump = converted(elf_with(many_notes()), kZlib);
    ck_assert(erase_info(kdump) == "erase jiffies size 8\n");
    // As makedumpfile has it: apart from the notes.
    Bytes apart = SmallKdump{.pages = {{.pfn = 1, .contents = {}}},
                             .status = 1,
                             .notes = note("CORE", 1, Bytes(336))}
                      .file();
    const std::string text = "erase foo size 4\n";
    support::put_le64(apart, 4096 + 64, apart.size());
    support::put_le64(apart, 4096 + 72, text.size());
    for (const char c : text) apart.push_back(static_cast<std::byte>(c));
    const Bytes copy = converted(apart, kZlib);
    ck_assert(erase_info(copy) == text);
    ck_assert(erase_info(converted(copy, kZlib)) == text);
    const Bytes elf = converted(apart, ElfRequest{});
    const auto notes = must(support::read_elf(elf)).notes_named("ERASEINFO");
    ck_assert_uint_eq(notes.size(), 1);
    ck_assert(notes[0].descriptor == bytes_of(text));
}
END_TEST

START_TEST(erase_info_outside_the_file_is_a_warning) {
    Bytes file = SmallKdump{.pages = {{.pfn = 1, .contents = {}}}, .status = 1}.file();
    support::put_le64(file, 4096 + 64, file.size() - 1);
    support::put_le64(file, 4096 + 72, 2);
    const auto vmcore = opened(file);
    ck_assert_uint_eq(vmcore->contents().warnings.size(), 1);
    ck_assert_ptr_nonnull(strstr(vmcore->contents().warnings[0].c_str(), "erase info"));
    ck_assert(erase_info(converted(file, kZlib)) == "");
}
END_TEST

START_TEST(info_lists_the_notes) {
    const auto info = must(describe(*opened(elf_with(many_notes())), "f"));
    ck_assert_uint_eq(info.notes.size(), 8);
    ck_assert_str_eq(info.notes[7].name.c_str(), "LINUX");
    ck_assert_uint_eq(info.notes[7].type, 0x700);
    ck_assert_uint_eq(info.notes[7].count, 1);
    ck_assert_uint_eq(info.notes[7].size, 12000);
}
END_TEST

}  // namespace

Suite* recorded_notes_suite() {
    return support::make_suite(
        "recorded_notes",
        {notes_of_others_are_carried_in_their_order, a_large_device_dump_is_carried,
         notes_without_vmcoreinfo_are_no_guests_note, only_vmcoreinfo_stops_the_search_for_it,
         a_vmcoreinfo_that_contradicts_memory_is_reported,
         vmcoreinfo_that_was_searched_for_replaces_the_note,
         memory_that_is_not_in_the_file_contradicts_nothing,
         erase_info_goes_from_kdump_to_kdump_and_to_elf, erase_info_outside_the_file_is_a_warning,
         info_lists_the_notes});
}

}  // namespace guestdump::vmcore
