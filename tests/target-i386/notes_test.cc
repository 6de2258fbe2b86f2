// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/notes.h"

#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::target_i386 {

Suite* notes_suite();

namespace {

using support::Bytes;
using support::le32_at;
using support::le64_at;
using support::must;
using support::must_fail;
using support::put_le32;
using support::put_le64;

SegmentRegister segment(uint16_t number) {
    return {.selector = number,
            .base = 0x1111000000000000u + number,
            .limit = 0x22220000u + number,
            .flags = 0x33330000u + number};
}

/// Registers that all have different values.
Registers distinct_registers() {
    Registers r;
    uint64_t next = 0xa0a1a2a3b0b1b200;
    for (uint64_t* field : {&r.rax, &r.rbx, &r.rcx, &r.rdx, &r.rsi, &r.rdi, &r.rsp, &r.rbp, &r.rip,
                            &r.rflags, &r.cr0, &r.cr2, &r.cr3, &r.cr4, &r.kernel_gs_base}) {
        *field = ++next;
    }
    for (uint64_t& field : r.r8_to_r15) field = ++next;
    uint16_t number = 0x10;
    for (SegmentRegister* field : {&r.cs, &r.ds, &r.es, &r.fs, &r.gs, &r.ss, &r.ldt, &r.tr}) {
        *field = segment(number++);
    }
    r.gdt = {.base = 0xfffffe0000001000, .limit = 0x7f};
    r.idt = {.base = 0xfffffe0000002000, .limit = 0xfff};
    return r;
}

using Append = void (*)(const Registers&, uint32_t, guest::NoteBuilder&);

/// The descriptor of the only note in @builder, whose header is checked.
Bytes descriptor_of(guest::NoteBuilder builder, std::string_view name, uint32_t type, size_t size) {
    const Bytes note = std::move(builder).take();
    ck_assert_uint_eq(note.size(), 12 + 8 + size);
    ck_assert_uint_eq(le32_at(note, 0), name.size() + 1);
    ck_assert_uint_eq(le32_at(note, 4), size);
    ck_assert_uint_eq(le32_at(note, 8), type);
    ck_assert(support::text_at(note, 12, 8) == name);
    return Bytes(note.begin() + 20, note.end());
}

Bytes prstatus(Append append, const Registers& registers, uint32_t pid, size_t size) {
    guest::NoteBuilder builder;
    append(registers, pid, builder);
    return descriptor_of(std::move(builder), "CORE", 1, size);
}

Bytes qemu_note(const Registers& registers) {
    guest::NoteBuilder builder;
    append_qemu_note(registers, builder);
    return descriptor_of(std::move(builder), "QEMU", 0, 440);
}

START_TEST(prstatus_of_x86_64_has_each_register_at_its_offset) {
    const Registers r = distinct_registers();

    const Bytes d = prstatus(append_prstatus64, r, 3, 336);

    ck_assert_uint_eq(le32_at(d, 32), 3);
    const auto& high = r.r8_to_r15;
    const uint64_t in_order[] = {high[7], high[6], high[5], high[4], r.rbp, r.rbx, high[3], high[2],
                                 high[1], high[0], r.rax,   r.rcx,   r.rdx, r.rsi, r.rdi};
    for (size_t i = 0; i < std::size(in_order); ++i)
        ck_assert_uint_eq(le64_at(d, 112 + 8 * i), in_order[i]);
    ck_assert_uint_eq(le64_at(d, 232), 0);  // orig_rax
    ck_assert_uint_eq(le64_at(d, 240), r.rip);
    ck_assert_uint_eq(le64_at(d, 248), r.cs.selector);
    ck_assert_uint_eq(le64_at(d, 256), r.rflags);
    ck_assert_uint_eq(le64_at(d, 264), r.rsp);
    ck_assert_uint_eq(le64_at(d, 272), r.ss.selector);
    ck_assert_uint_eq(le64_at(d, 280), r.fs.base);
    ck_assert_uint_eq(le64_at(d, 288), r.gs.base);
    ck_assert_uint_eq(le64_at(d, 296), r.ds.selector);
    ck_assert_uint_eq(le64_at(d, 304), r.es.selector);
    ck_assert_uint_eq(le64_at(d, 312), r.fs.selector);
    ck_assert_uint_eq(le64_at(d, 320), r.gs.selector);
}
END_TEST

START_TEST(prstatus_of_x86_64_is_zero_where_there_is_nothing_to_say) {
    const Bytes d = prstatus(append_prstatus64, distinct_registers(), 1, 336);
    const support::View view(d);
    ck_assert(support::all_zero(view.first(32)));
    ck_assert(support::all_zero(view.subspan(36, 76)));
    ck_assert(support::all_zero(view.subspan(328)));
}
END_TEST

START_TEST(prstatus_of_i386_has_the_low_half_of_each_register_at_its_offset) {
    const Registers r = distinct_registers();

    const Bytes d = prstatus(append_prstatus32, r, 255, 144);

    ck_assert_uint_eq(le32_at(d, 24), 255);
    const uint64_t in_order[] = {
        r.rbx, r.rcx,         r.rdx,         r.rsi,         r.rdi,         r.rbp,
        r.rax, r.ds.selector, r.es.selector, r.fs.selector, r.gs.selector, 0 /* orig_eax */,
        r.rip, r.cs.selector, r.rflags,      r.rsp,         r.ss.selector, 0 /* fpvalid */};
    for (size_t i = 0; i < std::size(in_order); ++i) {
        ck_assert_uint_eq(le32_at(d, 72 + 4 * i), in_order[i] & 0xffffffff);
    }
    const support::View view(d);
    ck_assert(support::all_zero(view.first(24)));
    ck_assert(support::all_zero(view.subspan(28, 44)));
}
END_TEST

START_TEST(qemu_note_has_each_register_at_its_offset) {
    const Registers r = distinct_registers();

    const Bytes d = qemu_note(r);

    ck_assert_uint_eq(le32_at(d, 0), 1);    // version
    ck_assert_uint_eq(le32_at(d, 4), 440);  // size
    const auto& high = r.r8_to_r15;
    const uint64_t general[] = {r.rax,   r.rbx,   r.rcx,   r.rdx,   r.rsi,   r.rdi,
                                r.rsp,   r.rbp,   high[0], high[1], high[2], high[3],
                                high[4], high[5], high[6], high[7], r.rip,   r.rflags};
    for (size_t i = 0; i < std::size(general); ++i)
        ck_assert_uint_eq(le64_at(d, 8 + 8 * i), general[i]);
    const SegmentRegister segments[] = {r.cs, r.ds, r.es, r.fs, r.gs, r.ss, r.ldt, r.tr};
    for (size_t i = 0; i < std::size(segments); ++i) {
        const size_t at = 152 + 24 * i;
        ck_assert_uint_eq(le32_at(d, at), segments[i].selector);
        ck_assert_uint_eq(le32_at(d, at + 4), segments[i].limit);
        ck_assert_uint_eq(le32_at(d, at + 8), segments[i].flags);
        ck_assert_uint_eq(le32_at(d, at + 12), 0);
        ck_assert_uint_eq(le64_at(d, at + 16), segments[i].base);
    }
    for (const auto& [at, table] : {std::pair(344, r.gdt), std::pair(368, r.idt)}) {
        ck_assert_uint_eq(le32_at(d, at + 4), table.limit);
        ck_assert_uint_eq(le64_at(d, at + 16), table.base);
    }
    const uint64_t control[] = {r.cr0, 0, r.cr2, r.cr3, r.cr4, r.kernel_gs_base};
    for (size_t i = 0; i < std::size(control); ++i)
        ck_assert_uint_eq(le64_at(d, 392 + 8 * i), control[i]);
}
END_TEST

START_TEST(qemu_note_read_back_gives_the_registers) {
    const Registers r = distinct_registers();
    ck_assert(must(parse_qemu_note(qemu_note(r))) == r);
}
END_TEST

START_TEST(qemu_note_of_before_2018_has_no_kernel_gs_base) {
    Bytes old = qemu_note(distinct_registers());
    old.resize(432);
    put_le32(old, 4, 432);
    Registers expected = distinct_registers();
    expected.kernel_gs_base = 0;
    ck_assert(must(parse_qemu_note(old)) == expected);
}
END_TEST

START_TEST(qemu_note_that_says_it_is_old_has_no_kernel_gs_base_whatever_follows) {
    Bytes note = qemu_note(distinct_registers());
    put_le32(note, 4, 432);
    ck_assert_uint_eq(must(parse_qemu_note(note)).kernel_gs_base, 0);
}
END_TEST

START_TEST(longer_qemu_note_of_a_later_qemu_is_read_as_far_as_it_is_known) {
    Bytes note = qemu_note(distinct_registers());
    note.resize(512);
    put_le32(note, 4, 512);
    ck_assert(must(parse_qemu_note(note)) == distinct_registers());
}
END_TEST

START_TEST(qemu_note_with_wrong_lengths_is_refused) {
    const Bytes good = qemu_note(distinct_registers());
    for (size_t size = 0; size < 432; ++size) {
        must_fail(parse_qemu_note(support::View(good).first(size)), "at least 432");
    }
    Bytes too_long = good;
    put_le32(too_long, 4, 441);
    must_fail(parse_qemu_note(too_long), "says that it has 441 bytes, but it has 440");
    Bytes too_short = good;
    put_le32(too_short, 4, 431);
    must_fail(parse_qemu_note(too_short), "says that it has 431 bytes");
}
END_TEST

START_TEST(qemu_note_of_another_version_is_refused) {
    Bytes note = qemu_note(distinct_registers());
    put_le32(note, 0, 2);
    must_fail(parse_qemu_note(note), "version 2, only 1 is known");
}
END_TEST

START_TEST(prstatus_read_back_gives_what_it_tells) {
    const Registers wide =
        must(parse_prstatus(prstatus(append_prstatus64, distinct_registers(), 1, 336)));
    const Registers narrow =
        must(parse_prstatus(prstatus(append_prstatus32, distinct_registers(), 1, 144)));

    // Written again, it is the same note: parsing lost nothing.
    ck_assert(prstatus(append_prstatus64, wide, 1, 336) ==
              prstatus(append_prstatus64, distinct_registers(), 1, 336));
    ck_assert(prstatus(append_prstatus32, narrow, 1, 144) ==
              prstatus(append_prstatus32, distinct_registers(), 1, 144));
    ck_assert_uint_eq(wide.cr3, 0);
}
END_TEST

START_TEST(prstatus_of_any_other_length_is_refused) {
    const Bytes bytes(400);
    for (size_t size = 0; size <= bytes.size(); ++size) {
        if (size == 336 || size == 144) continue;
        must_fail(parse_prstatus(support::View(bytes).first(size)), "x86-64 has 336 and i386 144");
    }
}
END_TEST

}  // namespace

Suite* notes_suite() {
    return support::make_suite(
        "notes",
        {prstatus_of_x86_64_has_each_register_at_its_offset,
         prstatus_of_x86_64_is_zero_where_there_is_nothing_to_say,
         prstatus_of_i386_has_the_low_half_of_each_register_at_its_offset,
         qemu_note_has_each_register_at_its_offset, qemu_note_read_back_gives_the_registers,
         qemu_note_of_before_2018_has_no_kernel_gs_base,
         qemu_note_that_says_it_is_old_has_no_kernel_gs_base_whatever_follows,
         longer_qemu_note_of_a_later_qemu_is_read_as_far_as_it_is_known,
         qemu_note_with_wrong_lengths_is_refused, qemu_note_of_another_version_is_refused,
         prstatus_read_back_gives_what_it_tells, prstatus_of_any_other_length_is_refused});
}

}  // namespace guestdump::target_i386
