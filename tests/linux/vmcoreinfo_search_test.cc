// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/vmcoreinfo_search.h"

#include "linux/idt_handler.h"
#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scripted_guest.h"

namespace guestdump::linux_guest {

Suite* vmcoreinfo_search_suite();

namespace {

/// A kernel at physical address 0x3000. The mapping of its image begins at -0x1000000.
constexpr std::string_view kLines =
    "OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffffffff81003040\n"
    "OFFSET(uts_namespace.name)=8\nSYMBOL(_stext)=ffffffff81003000\nNUMBER(phys_base)=-16777216\n";
constexpr guest::Gva kHandler{0xffffffff81003500};

/// Eight pages with the kernel's name in page 3; no VMCOREINFO yet.
support::Bytes memory_of_kernel() {
    support::Bytes memory(0x8000);
    const char* fields[] = {"Linux", "host", "6.1.0", "#1 SMP", "x86_64", "(none)"};
    for (size_t i = 0; i < std::size(fields); ++i) {
        support::put_text(memory, 0x3048 + 65 * i, fields[i]);
    }
    return memory;
}

support::Bytes memory_with(std::string_view text, uint64_t at) {
    support::Bytes memory = memory_of_kernel();
    support::put_text(memory, at, text);
    return memory;
}

/// A vCPU whose first handler is @handler and mapped to @phys.
void add_witness(support::ScriptedGuest& guest, guest::Gva handler, guest::Gpa phys) {
    support::ScriptedCpu& cpu = guest.add_cpu();
    cpu.handler = handler;
    cpu.translations[handler.value] = phys.value;
}

std::optional<FoundVmcoreinfo> found_in(const guest::PageSource& memory,
                                        std::span<const guest::Cpu> cpus, unsigned threads = 1) {
    return find_vmcoreinfo({.memory = memory,
                            .arch = guest::ArchDumpInfo{},
                            .cpus = cpus,
                            .threads = threads,
                            .cancellation = util::Cancellation()});
}

std::optional<FoundVmcoreinfo> found_in(const support::ScriptedGuest& guest, unsigned threads = 1) {
    return found_in(*guest.page_source(), guest.cpus(), threads);
}

std::optional<FoundVmcoreinfo> found_in(support::Bytes memory) {
    support::ScriptedGuest guest;
    guest.add_ram(0, memory);
    return found_in(guest);
}

/// kLines, with @what replaced by @with.
std::string lines_with(std::string_view what, std::string_view with) {
    std::string lines(kLines);
    return lines.replace(lines.find(what), what.size(), with);
}

START_TEST(the_page_of_the_text_is_found) {
    const auto found = found_in(memory_with(kLines, 0x6000));
    ck_assert(found && found->vmcoreinfo.text() == kLines);
    ck_assert_uint_eq(found->address.value, 0x6000);
}
END_TEST

START_TEST(the_page_of_the_note_is_found) {
    support::Bytes memory = memory_of_kernel();
    support::put_bytes(memory, 0x5000, support::vmcoreinfo_note(kLines));
    const auto found = found_in(std::move(memory));
    ck_assert(found && found->vmcoreinfo.text() == kLines);
    ck_assert_uint_eq(found->address.value, 0x5018);
}
END_TEST

START_TEST(the_text_inside_a_page_is_someone_elses) {
    ck_assert(!found_in(memory_with(kLines, 0x6010)));
}
END_TEST

START_TEST(text_that_is_longer_than_a_page_is_found_whole) {
    std::string lines(kLines);
    while (lines.size() < 5000) lines += "KEY=0123456789\n";
    const auto found = found_in(memory_with(lines, 0x5000));
    ck_assert(found && found->vmcoreinfo.text() == lines);
    support::Bytes memory = memory_of_kernel();
    lines = kLines;
    while (lines.size() < 4080) lines += "KEY=0123456789\n";
    support::put_bytes(memory, 0x5000, support::vmcoreinfo_note(lines));  // ends on the next page
    const auto note = found_in(std::move(memory));
    ck_assert(note && note->vmcoreinfo.text() == lines);
}
END_TEST

START_TEST(page_after_a_full_one_may_be_somebody_elses) {
    std::string lines(kLines);
    while (lines.size() < 4096) lines += "KEY=0123456789\n";
    lines.resize(4096);
    for (const std::string other : {"not\na line of it\n", "\x01\x02", "\n\n"}) {
        const auto found = found_in(memory_with(lines + other, 0x5000));
        ck_assert(found && found->vmcoreinfo.text().ends_with("KEY=0123456789\n"));
        ck_assert_uint_le(found->vmcoreinfo.text().size(), 4096);
    }
}
END_TEST

/// Lines that RHEL 7 lacks: the offset of the name, and phys_base.
std::string old_lines() {
    std::string lines = lines_with("OFFSET(uts_namespace.name)=8\n", "");
    const size_t number = lines.find("NUMBER(phys_base)");
    lines.resize(number);
    // The name is at 0x3048, four bytes into the structure.
    return lines.replace(lines.find("1003040"), 7, "1003044");
}

START_TEST(old_kernel_is_found_by_its_handler) {
    support::ScriptedGuest guest;
    guest.add_ram(0, memory_with(old_lines(), 0x6000));
    ck_assert(!found_in(guest));  // phys_base is not known
    add_witness(guest, kHandler, guest::Gpa{0x3500});
    const auto found = found_in(guest);
    ck_assert(found && found->vmcoreinfo.text() == old_lines());
    const IdtHandler handler{kHandler, guest::Gpa{0x3500}};
    const auto base = phys_base_of(found->vmcoreinfo, {&handler, 1}, guest::ArchDumpInfo{});
    ck_assert(base && base->value == static_cast<uint64_t>(-16777216));
}
END_TEST

START_TEST(old_kernel_with_the_text_inside_its_image_is_found) {
    support::ScriptedGuest guest;
    guest.add_ram(0, memory_with("\x01" + old_lines(), 0x6abf));
    add_witness(guest, kHandler, guest::Gpa{0x3500});
    const auto found = found_in(guest);
    ck_assert(found && found->vmcoreinfo.text() == old_lines());
    ck_assert_uint_eq(found->address.value, 0x6ac0);
}
END_TEST

START_TEST(text_of_an_old_kernel_that_does_not_run_is_not_taken) {
    support::ScriptedGuest guest;
    guest.add_ram(0, memory_with(old_lines(), 0x6000));
    add_witness(guest, guest::Gva{kHandler.value + 0x1000}, guest::Gpa{0x3500});
    ck_assert(!found_in(guest));
}
END_TEST

START_TEST(what_is_not_the_kernels_text_is_not_taken) {
    const std::string wrong[] = {
        lines_with("6.1.0", "6.1.1"),                // the release in memory differs
        lines_with("PAGESIZE=4096", "PAGESIZE=64"),  // not this machine's page size
        lines_with("PAGESIZE=4096\n", ""),
        lines_with("-16777216", "-16777217"),  // off by one byte from the name
        lines_with("ffffffff81003040", "ffffffff81009040"),
        lines_with("ffffffff81003040", "1003040"),
        lines_with("_stext", "_st\x01xt"),
        "OSRELEASE=6.1.0",
        "OSRELEASE=",
    };
    for (const std::string& lines : wrong) {
        ck_assert_msg(!found_in(memory_with(lines, 0x6000)), "%s", lines.c_str());
    }
    ck_assert(!found_in(memory_of_kernel()));
}
END_TEST

START_TEST(a_vcpu_confirms_by_its_handler) {
    support::ScriptedGuest guest;
    guest.add_ram(0, memory_with(kLines, 0x6000));
    guest.add_cpu();  // without an IDT
    add_witness(guest, kHandler, guest::Gpa{0x3500});
    add_witness(guest, guest::Gva{0x400000}, guest::Gpa{0x7000});  // runs a guest of its own
    ck_assert(found_in(guest).has_value());
}
END_TEST

START_TEST(a_note_that_all_vcpus_deny_is_not_taken) {
    const std::pair<guest::Gva, guest::Gpa> strangers[] = {
        {kHandler, guest::Gpa{0x4500}},                        // the kernel lies elsewhere
        {guest::Gva{0xffffffff81002fff}, guest::Gpa{0x2fff}},  // before its text
        {guest::Gva{0x400000}, guest::Gpa{0x3500}},            // not in a kernel's address range
    };
    for (const auto& [handler, phys] : strangers) {
        support::ScriptedGuest guest;
        guest.add_ram(0, memory_with(kLines, 0x6000));
        add_witness(guest, handler, phys);
        ck_assert(!found_in(guest));
    }
}
END_TEST

/// A page of zeros that counts how often it is read.
class CountedRam final : public guest::RamRegion {
  public:
    std::string_view name() const override { return "counted"; }
    uint64_t size() const override { return 4 << 20; }
    Result<> read(uint64_t, std::span<std::byte> out) const override {
        ++reads;
        std::fill(out.begin(), out.end(), std::byte{0});
        return {};
    }
    mutable int reads = 0;
};

START_TEST(memory_of_another_system_is_not_read) {
    const auto ram = std::make_shared<CountedRam>();
    guest::GuestPhysBlockList memory;
    support::must(memory.add({{guest::Gpa{0}, 0x1000}, ram}));
    support::ScriptedGuest guest;
    add_witness(guest, guest::Gva{0xfffff80312345678}, guest::Gpa{0});
    ck_assert(!found_in(guest::RamSource(memory), guest.cpus()));
    ck_assert_int_eq(ram->reads, 0);
    add_witness(guest, kHandler, guest::Gpa{0});
    ck_assert(!found_in(guest::RamSource(memory), guest.cpus()));
    ck_assert_int_eq(ram->reads, 2);  // the start of the page, and the image
}
END_TEST

START_TEST(memory_that_is_not_mapped_is_read_in_large_pieces) {
    const auto ram = std::make_shared<CountedRam>();
    guest::GuestPhysBlockList memory;
    support::must(memory.add({{guest::Gpa{0}, 4 << 20}, ram}));
    ck_assert(!found_in(guest::RamSource(memory), {}));
    ck_assert_int_eq(ram->reads, 16);  // and not one for each of 1024 pages
}
END_TEST

START_TEST(a_cancelled_search_finds_nothing) {
    support::ScriptedGuest guest;
    guest.add_ram(0, memory_with(kLines, 0x6000));
    util::Cancellation cancellation;
    cancellation.cancel();
    const auto memory = guest.page_source();
    ck_assert(!find_vmcoreinfo({.memory = *memory,
                                .arch = guest::ArchDumpInfo{},
                                .cpus = {},
                                .threads = 2,
                                .cancellation = cancellation}));
}
END_TEST

START_TEST(a_search_whose_time_is_over_finds_nothing) {
    support::ScriptedGuest guest;
    guest.add_ram(0, memory_with(kLines, 0x6000));
    const auto memory = guest.page_source();
    using Clock = std::chrono::steady_clock;
    for (const bool over : {true, false}) {
        const auto found =
            find_vmcoreinfo({.memory = *memory,
                             .arch = guest::ArchDumpInfo{},
                             .cpus = {},
                             .threads = 2,
                             .cancellation = util::Cancellation(),
                             .deadline = Clock::now() + std::chrono::hours(over ? -1 : 1)});
        ck_assert(found.has_value() != over);
    }
}
END_TEST

START_TEST(memory_is_not_read_while_no_vcpu_has_paging_on) {
    support::ScriptedGuest guest;
    guest.add_ram(0, memory_with(kLines, 0x6000));
    guest.add_cpu().paging_off = true;
    ck_assert(!found_in(guest));
    guest.add_cpu().paging_off = false;
    ck_assert(found_in(guest).has_value());
}
END_TEST

START_TEST(a_stale_note_does_not_hide_the_right_one) {
    support::Bytes memory = memory_with(kLines, 0x6000);
    support::put_text(memory, 0x1000, lines_with("-16777216", "-16773120"));
    const auto found = found_in(std::move(memory));
    ck_assert(found && found->address == guest::Gpa{0x6000});
}
END_TEST

START_TEST(memory_that_was_never_written_or_cannot_be_read_is_passed_over) {
    support::ScriptedGuest guest;
    support::ScriptedRam& ram = guest.add_ram(0, memory_with(kLines, 0x6000));
    ram.make_hole(0, 0x3000);
    ram.fail_at(0x4000);
    guest.add_ram(0x100008, 0x17);  // no page begins in it
    ck_assert(found_in(guest).has_value());
}
END_TEST

START_TEST(any_number_of_threads_finds_the_lowest) {
    for (const unsigned threads : {1u, 3u, 16u}) {
        support::ScriptedGuest guest;
        for (uint64_t i = 0; i < 10; ++i) {
            guest.add_ram(0x10000 * i, i == 0 ? memory_of_kernel() : memory_with(kLines, 0x6000));
        }
        const auto found = found_in(guest, threads);
        ck_assert(found && found->address == guest::Gpa{0x16000});
    }
}
END_TEST

START_TEST(more_pages_that_look_like_it_than_a_guest_has_end_the_search) {
    support::Bytes memory = memory_of_kernel();
    const std::string wrong = lines_with("6.1.0", "6.1.1");
    for (uint64_t i = 0; i < 1100; ++i) support::put_text(memory, 0x8000 + 0x1000 * i, wrong);
    support::put_text(memory, memory.size() / 0x1000 * 0x1000 + 0x1000, kLines);
    memory.resize(memory.size() / 0x1000 * 0x1000 + 0x1000);
    ck_assert(!found_in(memory));
    support::put_text(memory, 0x8000 + 0x1000 * 1000, kLines);
    ck_assert(found_in(memory).has_value());
}
END_TEST

}  // namespace

Suite* vmcoreinfo_search_suite() {
    return support::make_suite("vmcoreinfo_search",
                               {
                                   the_page_of_the_text_is_found,
                                   the_page_of_the_note_is_found,
                                   the_text_inside_a_page_is_someone_elses,

                                   text_that_is_longer_than_a_page_is_found_whole,
                                   page_after_a_full_one_may_be_somebody_elses,
                                   old_kernel_is_found_by_its_handler,
                                   old_kernel_with_the_text_inside_its_image_is_found,
                                   text_of_an_old_kernel_that_does_not_run_is_not_taken,
                                   what_is_not_the_kernels_text_is_not_taken,
                                   a_vcpu_confirms_by_its_handler,
                                   a_note_that_all_vcpus_deny_is_not_taken,
                                   memory_of_another_system_is_not_read,
                                   a_cancelled_search_finds_nothing,
                                   a_search_whose_time_is_over_finds_nothing,
                                   memory_that_is_not_mapped_is_read_in_large_pieces,
                                   memory_is_not_read_while_no_vcpu_has_paging_on,
                                   a_stale_note_does_not_hide_the_right_one,
                                   memory_that_was_never_written_or_cannot_be_read_is_passed_over,
                                   any_number_of_threads_finds_the_lowest,
                                   more_pages_that_look_like_it_than_a_guest_has_end_the_search,
                               });
}

}  // namespace guestdump::linux_guest
