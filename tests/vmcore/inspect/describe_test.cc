// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/describe.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_files.h"

namespace guestdump::vmcore {

using support::must;
using support::noise;

Suite* describe_suite();

namespace {

qapi::VmcoreInfo described(Bytes file) {
    return must(describe(*must(Vmcore::read(in_memory(std::move(file)))), "some.file"));
}

/// The number of pages of a kind; -1 if it is not reported.
int64_t pages_of(const qapi::VmcoreInfo& info, std::string_view kind) {
    for (const qapi::VmcorePages& pages : info.pages) {
        if (pages.kind == kind) return static_cast<int64_t>(pages.pages);
    }
    return -1;
}

START_TEST(elf_is_described) {
    SmallElf elf{.bits = 32, .machine = 3};
    elf.loads = {{.paddr = 0x1000, .contents = noise(1, 0x2000)},
                 {.paddr = 0x8000, .contents = noise(2, 0x1000)}};
    const qapi::VmcoreInfo info = described(elf.file());
    ck_assert(info.filename == "some.file");
    ck_assert(info.format == qapi::VmcoreFormat::elf32);
    ck_assert_str_eq(info.machine.c_str(), "i386");
    ck_assert(info.origin == qapi::VmcoreOrigin::emulator);
    ck_assert(!info.flattened && !info.header_version);
    ck_assert_uint_eq(info.memory, 0x3000);
    ck_assert_uint_eq(info.ranges.size(), 2);
    ck_assert_uint_eq(info.ranges[1].begin, 0x8000);
    ck_assert_int_eq(pages_of(info, "data"), 3);
    ck_assert_uint_eq(info.cpus.size(), 1);
    ck_assert(info.kernel.release == "6.1.0");
}
END_TEST

START_TEST(vmcoreinfo_that_only_memory_has_is_told_with_its_place) {
    Bytes ram(0x6000);
    const char* fields[] = {"Linux", "host", "6.1.0", "#1 SMP"};
    for (size_t i = 0; i < std::size(fields); ++i) {
        support::put_text(ram, 0x3048 + 65 * i, fields[i]);
    }
    support::put_text(ram, 0x5000,
                      "OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffffffff81003040\n"
                      "OFFSET(uts_namespace.name)=8\nKERNELOFFSET=1000000\n"
                      "NUMBER(phys_base)=-16777216\n");
    SmallElf elf;
    elf.notes = note("QEMU", 0, qemu_descriptor(1));
    elf.loads = {{.contents = std::move(ram)}};
    const qapi::VmcoreInfo info = described(elf.file());
    ck_assert(info.vmcoreinfo_found_at == 0x5000);
    ck_assert(info.vmcoreinfo->starts_with("OSRELEASE=6.1.0\n"));
    ck_assert(info.kernel.release == "6.1.0" && info.kernel.kaslr_offset == 0x1000000);
    ck_assert(info.kernel.phys_base == -16777216);
    ck_assert(info.kernel.phys_base_from == "VMCOREINFO in memory");

    const auto vmcore = must(Vmcore::read(in_memory(elf.file())));
    const auto unsought = must(describe(*vmcore, "some.file", {.find_vmcoreinfo = false}));
    ck_assert(!unsought.vmcoreinfo && !unsought.vmcoreinfo_found_at && !unsought.kernel.release);
}
END_TEST

/// An ELF file with QEMU notes that a script might have written too.
SmallElf anybodys_elf() {
    SmallElf elf{.loads = {{.paddr = 0x1000, .contents = noise(1, 0x2000)}}};
    elf.stated_header_size = 64;
    return elf;
}

START_TEST(elf_that_any_program_may_have_written_has_no_writer) {
    ck_assert(!described(anybodys_elf().file()).written_by);
    Bytes aligned = anybodys_elf().file();  // page-aligned memory, as guestdump writes it
    aligned.resize(0x4000);
    support::put_le64(aligned, 64 + 56 + 8, 0x1000);
    ck_assert(!described(aligned).written_by);
}
END_TEST

START_TEST(elf_of_qemu_is_known_by_its_header) {
    using Program = qapi::VmcoreProgram;
    SmallElf elf = anybodys_elf();
    elf.stated_header_size = 8;
    ck_assert(described(elf.file()).written_by == Program::qemu);
    elf.notes = note("CORE", 1, Bytes(336));
    ck_assert(!described(elf.file()).written_by);

    elf = anybodys_elf();
    elf.gap = 128;  // two section headers
    ck_assert(!described(elf.file()).written_by);
    Bytes sections_first = elf.file();
    support::put_le64(sections_first, 40, 64);  // e_shoff
    ck_assert(described(sections_first).written_by == Program::qemu);
}
END_TEST

/// A kdump file with the marks that QEMU leaves.
SmallKdump qemus_kdump() {
    return {.pages = {{.pfn = 1, .contents = noise(1, 4096)}},
            .dump_level = 1,
            .status = 1,
            .vmcoreinfo = "OSRELEASE=6.1.0\n"};
}

/// @file without sysname and release.
Bytes nameless(Bytes file) {
    std::fill_n(file.begin() + 12, 4 * 65, std::byte{0});
    return file;
}

START_TEST(kdump_of_qemu_has_a_release_in_vmcoreinfo_only) {
    ck_assert(described(nameless(qemus_kdump().file())).written_by == qapi::VmcoreProgram::qemu);
}
END_TEST

START_TEST(kdump_that_any_program_may_have_written_has_no_writer) {
    ck_assert(!described(qemus_kdump().file()).written_by);  // utsname has a release
    for (const uint32_t level : {0u, 1u, 31u}) {
        SmallKdump filtered = qemus_kdump();
        filtered.excluded = {2};
        filtered.dump_level = level;
        ck_assert(!described(filtered.file()).written_by);
        ck_assert(!described(nameless(filtered.file())).written_by);
    }
    SmallKdump unnamed = qemus_kdump();
    unnamed.notes = note("QEMU", 0, qemu_descriptor(1));
    unnamed.vmcoreinfo = "";
    ck_assert(!described(nameless(unnamed.file())).written_by);
    SmallKdump kernels = qemus_kdump();
    kernels.notes = note("CORE", 1, Bytes(336));
    ck_assert(!described(nameless(kernels.file())).written_by);
    Bytes dated = nameless(qemus_kdump().file());
    support::put_le64(dated, 408, 1700000000);
    ck_assert(!described(dated).written_by);
}
END_TEST

START_TEST(kdump_pages_are_counted_by_kind) {
    SmallKdump kdump;
    kdump.pages = {{.pfn = 0, .contents = {}},
                   {.pfn = 1, .contents = {}},
                   {.pfn = 2, .contents = noise(2, 4096)},
                   {.pfn = 3, .flags = 1, .contents = text_page(3)},
                   {.pfn = 4, .flags = 1, .contents = text_page(4)},
                   {.pfn = 5, .flags = 2, .contents = text_page(5)},
                   {.pfn = 6, .flags = 4, .contents = text_page(6)},
                   {.pfn = 7, .flags = 0x20, .contents = text_page(7)},
                   {.pfn = 8, .flags = 0x20, .contents = text_page(8)},
                   {.pfn = 9, .flags = 0x20, .contents = text_page(9)}};
    kdump.excluded = {20, 21, 22};
    kdump.dump_level = 31;
    Bytes file = kdump.file();
    // Page 8 shares page 3's bytes, page 9 was never written.
    const Bytes third(file.begin() + SmallKdump::kDescriptors + 24 * 3,
                      file.begin() + SmallKdump::kDescriptors + 24 * 4);
    support::put_bytes(file, SmallKdump::kDescriptors + 24 * 8, third);
    support::put_le64(file, SmallKdump::kDescriptors + 24 * 9, 0);

    const qapi::VmcoreInfo info = described(flattened(file, 3000));

    ck_assert(info.format == qapi::VmcoreFormat::kdump_compressed);
    ck_assert(info.flattened);
    ck_assert_uint_eq(info.header_version.value(), 6);
    ck_assert_uint_eq(info.dump_level.value(), 31);
    ck_assert_int_eq(pages_of(info, "zero"), 2);
    ck_assert_int_eq(pages_of(info, "raw"), 1);
    ck_assert_int_eq(pages_of(info, "zlib"), 2);
    ck_assert_int_eq(pages_of(info, "lzo"), 1);
    ck_assert_int_eq(pages_of(info, "snappy"), 1);
    ck_assert_int_eq(pages_of(info, "zstd"), 1);
    ck_assert_int_eq(pages_of(info, "copy"), 1);
    ck_assert_int_eq(pages_of(info, "missing"), 1);
    ck_assert_int_eq(pages_of(info, "excluded"), 3);
    ck_assert_int_eq(pages_of(info, "unknown"), -1);
    ck_assert_uint_eq(info.left_out_pages.value(), 3);
}
END_TEST

START_TEST(pages_left_out_of_elf_are_counted) {
    SmallElf elf{.loads = {{.paddr = 0x1000, .contents = noise(1, 0x2000), .memsz = 0x5000}}};
    const qapi::VmcoreInfo info = described(elf.file());
    ck_assert_uint_eq(info.left_out_pages.value(), 3);
    ck_assert_int_eq(pages_of(info, "excluded"), 3);
    elf.loads[0].memsz = 0;
    ck_assert(!described(elf.file()).left_out_pages.has_value());
}
END_TEST

START_TEST(kernel_is_told_by_vmcoreinfo_before_the_header) {
    SmallKdump kdump;
    kdump.pages = {{.pfn = 1, .contents = noise(1, 4096)}};
    kdump.notes = note("CORE", 1, Bytes(336));
    const qapi::VmcoreInfo header = described(kdump.file());
    ck_assert(header.origin == qapi::VmcoreOrigin::kernel);
    ck_assert(!header.vmcoreinfo.has_value());
    ck_assert_int_eq(header.kernel.phys_base.value(), 0x1000000);
    ck_assert(header.kernel.phys_base_from == "header");
    ck_assert(!header.kernel.kaslr_offset.has_value());

    kdump.vmcoreinfo = "OSRELEASE=6.9.0\nKERNELOFFSET=2a000000\nNUMBER(phys_base)=-4096\n";
    const qapi::VmcoreInfo told = described(kdump.file());
    ck_assert(told.kernel.release == "6.9.0");
    ck_assert_uint_eq(told.kernel.kaslr_offset.value(), 0x2a000000);
    ck_assert_int_eq(told.kernel.phys_base.value(), -4096);
    ck_assert(told.kernel.phys_base_from == "VMCOREINFO");
    ck_assert_uint_eq(told.warnings.size(), 1);
    ck_assert(told.warnings[0] == "the header's phys_base is 16777216, VMCOREINFO's is -4096");
    ck_assert(told.vmcoreinfo == kdump.vmcoreinfo);
}
END_TEST

START_TEST(without_notes_the_origin_is_unknown) {
    SmallKdump kdump;
    kdump.pages = {{.pfn = 1, .contents = noise(1, 4096)}};
    kdump.notes = {};
    const qapi::VmcoreInfo info = described(kdump.file());
    ck_assert(info.origin == qapi::VmcoreOrigin::unknown);
    ck_assert(info.cpus.empty());
}
END_TEST

}  // namespace

Suite* describe_suite() {
    return support::make_suite(
        "describe",
        {elf_is_described, vmcoreinfo_that_only_memory_has_is_told_with_its_place,
         elf_that_any_program_may_have_written_has_no_writer, elf_of_qemu_is_known_by_its_header,
         kdump_of_qemu_has_a_release_in_vmcoreinfo_only,
         kdump_that_any_program_may_have_written_has_no_writer, kdump_pages_are_counted_by_kind,
         kernel_is_told_by_vmcoreinfo_before_the_header, pages_left_out_of_elf_are_counted,
         without_notes_the_origin_is_unknown});
}

}  // namespace guestdump::vmcore
