// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/foreign.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_files.h"
#include "vmcore/unpack/unpack.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

using support::error_of;
using support::must;
using support::must_fail;
using support::put_le32;
using support::put_le64;
using support::put_text;

Suite* foreign_suite();

namespace {

/// A file of a few pages with @magic at @offset.
Bytes file_with(std::string_view magic, uint64_t offset = 0) {
    Bytes file(8192);
    put_text(file, offset, magic);
    return file;
}

void check_says(const Bytes& file, const char* name, const char* advice) {
    const std::string error = error_of(Vmcore::read(in_memory(file)));
    ck_assert_msg(error.starts_with("'memory.vmcore' "), "%s", error.c_str());
    ck_assert_msg(error.find(name) != std::string::npos, "%s, not: %s", name, error.c_str());
    ck_assert_msg(error.find(advice) != std::string::npos, "%s, not: %s", advice, error.c_str());
    ck_assert_msg(error.find('\n') == std::string::npos, "%s", error.c_str());
}

START_TEST(compressed_files_are_named_with_the_command_that_unpacks_them) {
    const struct {
        std::string_view magic;
        const char* program;
    } kPacked[] = {{"\x1f\x8b\x08", "gzip"},
                   {std::string_view("\xfd\x37\x7a\x58\x5a\0", 6), "xz"},
                   {"\x28\xb5\x2f\xfd", "zstd"},
                   {"\x04\x22\x4d\x18", "lz4"},
                   {"BZh91AY", "bzip2"}};
    for (const auto& packed : kPacked) {
        const Bytes file = file_with(packed.magic);
        const std::string command = std::string("`") + packed.program +
                                    " -dc memory.vmcore | guestdump convert - OUT` unpacks";
        const Packing* const known = packing_at(*in_memory(file), 0);
        if (known && known->make) {
            const std::string damaged = std::string("the ") + packed.program + " data is ";
            must_fail(Vmcore::read(in_memory(file)), damaged);
        } else {
            check_says(file, packed.program, command.c_str());
        }
    }
}
END_TEST

START_TEST(memory_images_of_other_programs_are_named) {
    check_says(file_with("EMiL"), "a LiME memory image", "volatility3");
    check_says(file_with("AVML"), "an AVML memory image", "avml-convert memory.vmcore OUT");
    check_says(file_with("DISKDUMP"), "a diskdump", "crash VMLINUX memory.vmcore");
    check_says(file_with("PAGEDU64"), "a Windows crash dump (64-bit)", "WinDbg");
    check_says(file_with("PAGEDUMP"), "a Windows crash dump (32-bit)", "WinDbg");
    Bytes sadump(8192), lkcd(8192);
    put_le32(sadump, 0, 0x75646173);
    put_le32(sadump, 4, 0x0000706d);
    check_says(sadump, "a sadump dump", "makedumpfile -c -x VMLINUX memory.vmcore OUT");
    put_le64(lkcd, 0, 0xa8190173618f23ed);
    check_says(lkcd, "an LKCD dump", "crash VMLINUX memory.vmcore");
}
END_TEST

START_TEST(saved_machines_are_named_with_the_way_to_a_vmcore) {
    check_says(file_with("Xen saved domain, xl format\n \r"), "a machine that Xen saved",
               "xl restore memory.vmcore");
    check_says(file_with("xen-3.0-x86_64"), "a memory image of a Xen guest", "xl dump-core");
    for (const uint32_t magic :
         {0xbed2bed2u, 0xbad1bad1u, 0xbed2bed0u, 0xbed3bed3u, 0xbed0bed0u, 0xbad2bad2u}) {
        Bytes vmss(8192);
        put_le32(vmss, 0, magic);
        check_says(vmss, "a machine that VMware saved", "vmss2core -N memory.vmcore");
    }
}
END_TEST

START_TEST(hibernated_systems_are_named) {
    check_says(file_with("HIBR"), "a Windows hibernation file", "volatility3");
    check_says(file_with("S1SUSPEND", 4086), "a hibernated Linux system", "start the machine");
}
END_TEST

START_TEST(xen_core_is_named_by_its_sections) {
    Bytes file = SmallElf{}.file();
    support::put_le16(file, 56, 0);  // e_phnum
    support::put_le16(file, 54, 0);  // e_phentsize
    must_fail(Vmcore::read(in_memory(file)), "'memory.vmcore' holds no guest memory");
    const uint64_t sections = file.size(), names = sections + 2 * 64;
    put_le64(file, 40, sections);    // e_shoff
    support::put_le16(file, 62, 1);  // e_shstrndx
    put_le64(file, sections + 64 + 24, names);
    put_le64(file, sections + 64 + 32, 30);
    put_text(file, names, std::string_view("\0.note.Xen\0.xen_pages\0.xen_pfn", 30));
    check_says(file, "is a Xen core (xl dump-core)", "crash VMLINUX memory.vmcore");
    put_le64(file, sections + 64 + 32, UINT64_MAX);
    must_fail(Vmcore::read(in_memory(file)), "'memory.vmcore' holds no guest memory");
    put_le64(file, 40, UINT64_MAX - 64);
    must_fail(Vmcore::read(in_memory(file)), "'memory.vmcore' holds no guest memory");
}
END_TEST

START_TEST(empty_and_unknown_files_say_what_they_begin_with) {
    must_fail(Vmcore::read(in_memory({})), "'memory.vmcore' is empty");
    check_says(file_with("raw.raw.raw"), "it begins with 72 61 77 2e 72 61 77 2e",
               "`crash VMLINUX memory.vmcore@0`");
    Bytes three(3);
    check_says(three, "it begins with 00 00 00;", "raw memory");
}
END_TEST

START_TEST(flattened_files_are_named_by_what_they_carry) {
    check_says(flattened(file_with("EMiL"), 4096), "a LiME memory image", "volatility3");
}
END_TEST

START_TEST(path_that_a_shell_would_not_take_as_it_is_stays_out_of_the_command) {
    ck_assert(advice_for("`xz -dc FILE`", "/tmp/a b") == "`xz -dc FILE`");
    ck_assert(advice_for("`xz -dc FILE`", "$(x)") == "`xz -dc FILE`");
    ck_assert(advice_for("`xz -dc FILE`", "stdin") == "`xz -dc FILE`");
    ck_assert(advice_for("`xz -dc FILE`", "/tmp/a-b_1.xz") == "`xz -dc /tmp/a-b_1.xz`");
}
END_TEST

}  // namespace

Suite* foreign_suite() {
    return support::make_suite(
        "foreign",
        {compressed_files_are_named_with_the_command_that_unpacks_them,
         memory_images_of_other_programs_are_named,
         saved_machines_are_named_with_the_way_to_a_vmcore, hibernated_systems_are_named,
         xen_core_is_named_by_its_sections, empty_and_unknown_files_say_what_they_begin_with,
         flattened_files_are_named_by_what_they_carry,
         path_that_a_shell_would_not_take_as_it_is_stays_out_of_the_command});
}

}  // namespace guestdump::vmcore
