// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/guest_utsname.h"

#include "tests/support/bytes.h"
#include "tests/support/run_suites.h"
#include "tests/support/scripted_guest.h"

namespace guestdump::linux_guest {

Suite* guest_utsname_suite();

namespace {

const guest::ArchDumpInfo kLongMode{.phys_base = guest::Gpa{uint64_t{0} - 0x1000000}};
constexpr std::string_view kLines =
    "OSRELEASE=6.1.0\nSYMBOL(init_uts_ns)=ffffffff81000040\nOFFSET(uts_namespace.name)=8\n";
/// The name's address by kLines and kLongMode's phys_base: 0x1000040 - 0x1000000 + 8.
constexpr uint64_t kNameAt = 0x48;

/// One page of RAM at 0 with struct new_utsname in it.
support::Bytes page_with_name() {
    support::Bytes page(4096);
    const char* fields[] = {"Linux", "host", "6.1.0", "#1 SMP", "x86_64", "(none)"};
    for (size_t i = 0; i < std::size(fields); ++i) {
        support::put_text(page, kNameAt + 65 * i, fields[i]);
    }
    return page;
}

guest::Utsname name_in(support::Bytes page, std::string_view lines = kLines,
                       const guest::ArchDumpInfo& arch = kLongMode) {
    support::ScriptedGuest guest;
    guest.add_ram(0, page);
    return guest_utsname(Vmcoreinfo(std::string(lines)), arch, *guest.page_source());
}

/// The result if the structure is not accepted.
const guest::Utsname kReleaseOnly{.sysname = "Linux", .release = "6.1.0", .machine = "x86_64"};

START_TEST(every_field_comes_from_guest_memory) {
    const guest::Utsname expected{.sysname = "Linux",
                                  .nodename = "host",
                                  .release = "6.1.0",
                                  .version = "#1 SMP",
                                  .machine = "x86_64",
                                  .domainname = "(none)"};
    ck_assert(name_in(page_with_name()) == expected);
}
END_TEST

START_TEST(i386_maps_its_memory_at_3_gib) {
    const guest::ArchDumpInfo arch{.machine = format::kEm386,
                                   .elf_class = format::ElfClass::k32,
                                   .phys_base = {},
                                   .uname_machine = "i686"};
    const guest::Utsname name = name_in(page_with_name(),
                                        "OSRELEASE=6.1.0\nSYMBOL(init_uts_ns)=c0000048\n"
                                        "OFFSET(uts_namespace.name)=0\n",
                                        arch);
    ck_assert_str_eq(name.version.c_str(), "#1 SMP");
    ck_assert_str_eq(name.machine.c_str(), "i686");
}
END_TEST

START_TEST(a_structure_of_another_release_is_not_taken) {
    support::Bytes page = page_with_name();
    support::put_text(page, kNameAt + 65 * 2, "6.1.1");
    ck_assert(name_in(std::move(page)) == kReleaseOnly);
}
END_TEST

START_TEST(addresses_that_lead_nowhere_leave_the_release) {
    for (const char* address : {"ffffffff81ffffc0", "ffffffff80000000", "0", "ffffffffffffffff",
                                "xyz", "ffffffff81000f00"}) {
        const std::string lines = "OSRELEASE=6.1.0\nSYMBOL(init_uts_ns)=" + std::string(address) +
                                  "\nOFFSET(uts_namespace.name)=8\n";
        ck_assert(name_in(page_with_name(), lines) == kReleaseOnly);
    }
    ck_assert(name_in(page_with_name(), "OSRELEASE=6.1.0\n") == kReleaseOnly);
}
END_TEST

START_TEST(fields_that_are_not_text_or_do_not_end_are_empty) {
    support::Bytes page = page_with_name();
    support::put_text(page, kNameAt + 65, "\x01host");
    support::put_text(page, kNameAt + 65 * 3, std::string(65, 'v'));
    const guest::Utsname name = name_in(std::move(page));
    ck_assert_str_eq(name.sysname.c_str(), "Linux");
    ck_assert(name.nodename.empty());
    ck_assert(name.version.empty());
}
END_TEST

START_TEST(a_long_or_strange_release_does_no_harm) {
    const std::string longest(64, 'r');
    ck_assert(name_in(support::Bytes(4096), "OSRELEASE=" + longest + "rr\n").release == longest);
    ck_assert(name_in(support::Bytes(4096), "OSRELEASE=6.1\x7f\n") ==
              guest::Utsname{.machine = "x86_64"});
}
END_TEST

START_TEST(a_guest_that_says_nothing_has_only_a_machine) {
    ck_assert(name_in(page_with_name(), "") == guest::Utsname{.machine = "x86_64"});
}
END_TEST

const guest::Utsname kRecorded{.sysname = "Linux",
                               .nodename = "node1",
                               .release = "6.1.0",
                               .version = "#2 SMP",
                               .machine = "i686",
                               .domainname = "lan"};

START_TEST(what_memory_does_not_say_is_as_a_file_has_it) {
    guest::Utsname all = kRecorded;
    all.machine = "x86_64";
    ck_assert(completed(kReleaseOnly, kRecorded) == all);
    ck_assert(completed({.machine = "x86_64"}, kRecorded) == all);
    const guest::Utsname found = name_in(page_with_name());
    ck_assert(completed(found, kRecorded) == found);
}
END_TEST

START_TEST(a_file_that_tells_of_another_kernel_or_no_text_is_not_listened_to) {
    guest::Utsname other = kRecorded;
    other.release = "5.10.0";
    ck_assert(completed(kReleaseOnly, other) == kReleaseOnly);
    const guest::Utsname strange{
        .sysname = "\n", .nodename = "\x1b]0;", .release = "6.1.0", .version = "\xff"};
    ck_assert(completed(kReleaseOnly, strange) == kReleaseOnly);
    const guest::Utsname with_long = completed({}, {.nodename = std::string(65, 'n')});
    ck_assert_uint_eq(with_long.nodename.size(), 64);
}
END_TEST

}  // namespace

Suite* guest_utsname_suite() {
    return support::make_suite(
        "guest_utsname", {
                             every_field_comes_from_guest_memory,
                             i386_maps_its_memory_at_3_gib,
                             a_structure_of_another_release_is_not_taken,
                             addresses_that_lead_nowhere_leave_the_release,
                             fields_that_are_not_text_or_do_not_end_are_empty,
                             a_long_or_strange_release_does_no_harm,
                             what_memory_does_not_say_is_as_a_file_has_it,
                             a_file_that_tells_of_another_kernel_or_no_text_is_not_listened_to,
                             a_guest_that_says_nothing_has_only_a_machine,
                         });
}

}  // namespace guestdump::linux_guest
