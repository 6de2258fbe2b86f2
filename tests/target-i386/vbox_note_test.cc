// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/vbox_note.h"

#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::target_i386 {

Suite* vbox_note_suite();

namespace {

using support::Bytes;
using support::le16_at;
using support::le32_at;
using support::le64_at;
using support::must;
using support::must_fail;
using support::put_le16;
using support::put_le32;
using support::put_le64;

constexpr uint32_t kV4 = 0x00010004, kV5 = 0x00010005, kV6 = 0x00010006;

SegmentRegister segment(uint16_t number, uint32_t flags) {
    return {.selector = number,
            .base = 0x1111000000000000u + number,
            .limit = 0x22220000u + number,
            .flags = flags};
}

/// Registers that all have different values. Flags are without the bits of the limit.
Registers distinct_registers() {
    Registers r;
    uint64_t next = 0xa0a1a2a3b0b1b200;
    for (uint64_t* field :
         {&r.rax, &r.rbx, &r.rcx, &r.rdx, &r.rsi, &r.rdi, &r.rip, &r.rsp, &r.rbp, &r.rflags, &r.cr0,
          &r.cr2, &r.cr3, &r.cr4, &r.efer, &r.kernel_gs_base}) {
        *field = ++next;
    }
    for (uint64_t& field : r.r8_to_r15) field = ++next;
    r.cs = segment(0x10, 0x00a09b00);
    r.ds = segment(0x18, 0x00c09300);
    r.es = segment(0x20, 0x00d0f300);
    r.fs = segment(0x28, 0);
    r.gs = segment(0x30, 0x0040f100);
    r.ss = segment(0x38, 0x00c0f700);
    r.ldt = segment(0x40, 0x00008200);
    r.tr = segment(0x48, 0x00008b00);
    r.gdt = {.base = 0xfffffe0000001000, .limit = 0x7f};
    r.idt = {.base = 0xfffffe0000002000, .limit = 0xfff};
    return r;
}

Bytes note_of(const Registers& registers) {
    guest::NoteBuilder builder;
    append_vbox_note(registers, builder);
    return std::move(builder).take();
}

Bytes descriptor_of(const Registers& registers) {
    const Bytes note = note_of(registers);
    return Bytes(note.begin() + 20, note.end());
}

START_TEST(name_is_counted_without_its_nul_and_padded_to_8) {
    const Bytes note = note_of({});
    ck_assert_uint_eq(note.size(), 12 + 8 + 8776);
    ck_assert_uint_eq(le32_at(note, 0), 5);
    ck_assert_uint_eq(le32_at(note, 4), 8776);
    ck_assert_uint_eq(le32_at(note, 8), 0xb01);
    ck_assert(support::text_at(note, 12, 8) == "VBCPU");
}
END_TEST

void check_segment(const Bytes& d, uint64_t at, const SegmentRegister& segment, uint32_t attr) {
    ck_assert_uint_eq(le64_at(d, at), segment.base);
    ck_assert_uint_eq(le32_at(d, at + 8), segment.limit);
    ck_assert_uint_eq(le32_at(d, at + 12), attr);
    ck_assert_uint_eq(le16_at(d, at + 16), segment.selector);
    ck_assert_uint_eq(le16_at(d, at + 18), 0);
    ck_assert_uint_eq(le32_at(d, at + 20), 0);
}

START_TEST(each_register_is_at_its_offset) {
    const Registers r = distinct_registers();
    const Bytes d = descriptor_of(r);
    const auto& high = r.r8_to_r15;
    const uint64_t general[] = {r.rax,   r.rbx,   r.rcx,   r.rdx,   r.rsi,   r.rdi,
                                high[0], high[1], high[2], high[3], high[4], high[5],
                                high[6], high[7], r.rip,   r.rsp,   r.rbp,   r.rflags};
    for (size_t i = 0; i < std::size(general); ++i)
        ck_assert_uint_eq(le64_at(d, 8 * i), general[i]);
    check_segment(d, 144, r.cs, 0xa09b);
    check_segment(d, 168, r.ds, 0xc093);
    check_segment(d, 192, r.es, 0xd0f3);
    check_segment(d, 216, r.fs, 0x10000);  // unusable
    check_segment(d, 240, r.gs, 0x40f1);
    check_segment(d, 264, r.ss, 0xc0f7);
    const uint64_t control[] = {r.cr0, r.cr2, r.cr3, r.cr4};
    for (size_t i = 0; i < 4; ++i) ck_assert_uint_eq(le64_at(d, 288 + 8 * i), control[i]);
    ck_assert_uint_eq(le64_at(d, 384), r.gdt.base);
    ck_assert_uint_eq(le32_at(d, 392), r.gdt.limit);
    ck_assert_uint_eq(le64_at(d, 400), r.idt.base);
    ck_assert_uint_eq(le32_at(d, 408), r.idt.limit);
    check_segment(d, 416, r.ldt, 0x82);
    check_segment(d, 440, r.tr, 0x8b);
    ck_assert_uint_eq(le64_at(d, 488), r.efer);
    ck_assert_uint_eq(le64_at(d, 536), r.kernel_gs_base);
}
END_TEST

START_TEST(what_is_not_known_is_zero) {
    const Bytes d = descriptor_of(distinct_registers());
    const std::pair<size_t, size_t> unknown[] = {{320, 64}, {396, 4},  {412, 4},   {464, 24},
                                                 {496, 40}, {544, 32}, {576, 8200}};
    for (const auto& [at, size] : unknown) {
        ck_assert_msg(support::all_zero(support::View(d).subspan(at, size)), "%zu bytes at %zu",
                      size, at);
    }
}
END_TEST

START_TEST(registers_come_back) {
    const Registers r = distinct_registers();
    ck_assert(must(parse_vbox_note(descriptor_of(r), kV6)) == r);
}
END_TEST

START_TEST(bits_of_the_limit_stay_out_of_the_attributes) {
    Registers r;
    r.cs.flags = 0x00af9b00;  // as QEMU's software processor keeps them
    const Bytes d = descriptor_of(r);
    ck_assert_uint_eq(le32_at(d, 144 + 12), 0xa09b);
    ck_assert_uint_eq(must(parse_vbox_note(d, kV6)).cs.flags, 0x00a09b00);
}
END_TEST

/// A descriptor built by literal offsets, up to the last field that all formats have.
Bytes by_offsets(size_t size) {
    Bytes d(size);
    put_le64(d, 112, 0xffffffff81000000);  // rip
    put_le64(d, 144, 0x1234);              // cs
    put_le32(d, 152, 0xffffffff);
    put_le32(d, 156, 0x1a09b);
    put_le16(d, 160, 0x10);
    put_le64(d, 304, 0x5000);  // cr3
    put_le64(d, 488, 0xd01);   // efer
    put_le64(d, 536, 0x7777);  // kernel_gs_base
    return d;
}

START_TEST(every_known_format_has_its_size) {
    const std::pair<uint32_t, size_t> known[] = {
        {kV4, 8768}, {kV5, 8768}, {kV6, 8776}, {kV6, 8784}};
    for (const auto& [version, size] : known) {
        const Registers r = must(parse_vbox_note(by_offsets(size), version));
        ck_assert_uint_eq(r.rip, 0xffffffff81000000);
        ck_assert(r.cs == (SegmentRegister{0x10, 0x1234, 0xffffffff, 0x00a09b00}));
        ck_assert_uint_eq(r.cr3, 0x5000);
        ck_assert_uint_eq(r.efer, 0xd01);
        ck_assert_uint_eq(r.kernel_gs_base, 0x7777);
    }
}
END_TEST

START_TEST(another_size_or_format_is_an_error) {
    must_fail(parse_vbox_note(by_offsets(8768), kV6), "0x00010006 has 8768 bytes, 8776 are needed");
    must_fail(parse_vbox_note(by_offsets(8776), kV5), "0x00010005 has 8776 bytes, 8768 are needed");
    must_fail(parse_vbox_note(Bytes(), kV4), "has 0 bytes");
    must_fail(parse_vbox_note(by_offsets(8776), 0x00010003), "format 0x00010003 is not known");
    must_fail(parse_vbox_note(by_offsets(8776), 0x00010007), "format 0x00010007 is not known");
}
END_TEST

START_TEST(more_extended_state_than_there_is_room_for_is_an_error) {
    Bytes d = by_offsets(8776);
    put_le32(d, 576, 8192);
    must(parse_vbox_note(d, kV6));
    put_le32(d, 576, 8193);
    must_fail(parse_vbox_note(d, kV6), "8193 bytes of extended state, there is room for 8192");
    Bytes old = by_offsets(8768);
    put_le32(old, 576, 8193);  // in this format, x87 state
    must(parse_vbox_note(old, kV5));
}
END_TEST

}  // namespace

Suite* vbox_note_suite() {
    return support::make_suite("vbox_note",
                               {
                                   name_is_counted_without_its_nul_and_padded_to_8,
                                   each_register_is_at_its_offset,
                                   what_is_not_known_is_zero,
                                   registers_come_back,
                                   bits_of_the_limit_stay_out_of_the_attributes,
                                   every_known_format_has_its_size,
                                   another_size_or_format_is_an_error,
                                   more_extended_state_than_there_is_room_for_is_an_error,
                               });
}

}  // namespace guestdump::target_i386
