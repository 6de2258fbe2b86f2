// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/linux/btf_writer.h"
#include "tests/linux/fake_memory.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

#include "linux/unwind/orc_step.h"
#include "linux/unwind/orc_table.h"

namespace guestdump::linux_guest {

Suite* orc_suite();

namespace {

using guest::Gva;
using support::must;
using support::must_fail;
using Type = OrcEntry::Type;

/// An entry as objtool writes it.
support::Bytes entry(int16_t sp_offset, int16_t bp_offset, uint16_t bits) {
    support::Bytes bytes(6);
    support::put_le16(bytes, 0, static_cast<uint16_t>(sp_offset));
    support::put_le16(bytes, 2, static_cast<uint16_t>(bp_offset));
    support::put_le16(bytes, 4, bits);
    return bytes;
}

enum class Era { before_6_3, linux_6_3, since_6_4 };

OrcLayout layout_of(Era era) {
    BtfWriter types;
    const uint32_t u16 = types.integer("short", 2);
    std::vector<WrittenMember> members = {{"sp_offset", u16, 0, 16},
                                          {"bp_offset", u16, 16, 16},
                                          {"sp_reg", u16, 32, 4},
                                          {"bp_reg", u16, 36, 4},
                                          {"type", u16, 40, era == Era::since_6_4 ? 3u : 2u}};
    if (era == Era::before_6_3) members.push_back({"end", u16, 42, 1});
    if (era == Era::linux_6_3) {
        members.push_back({"signal", u16, 42, 1});
        members.push_back({"end", u16, 43, 1});
    }
    if (era == Era::since_6_4) members.push_back({"signal", u16, 43, 1});
    types.structure("orc_entry", 6, members);
    FakeMemory memory;
    memory.put(0x1000, types.bytes());
    return must(OrcLayout::of(must(Btf::read(memory, Gva{0x1000}, types.bytes().size()))));
}

START_TEST(entries_are_decoded_as_each_kernel_writes_them) {
    const OrcLayout old = layout_of(Era::before_6_3), middle = layout_of(Era::linux_6_3),
                    now = layout_of(Era::since_6_4);
    const OrcEntry call = old.decode(entry(24, -16, 0x0015));
    ck_assert(call.type == Type::call && call.sp_offset == 24 && call.bp_offset == -16);
    ck_assert(call.sp_base == OrcEntry::Base::sp && call.bp_base == OrcEntry::Base::previous_sp);
    ck_assert(!call.signal);
    ck_assert(old.decode(entry(0, 0, 0x0105)).type == Type::regs);
    ck_assert(old.decode(entry(0, 0, 0x0105)).signal);
    ck_assert(old.decode(entry(0, 0, 0x0205)).type == Type::regs_partial);
    ck_assert(old.decode(entry(0, 0, 0x0400)).type == Type::end_of_stack);
    ck_assert(middle.decode(entry(0, 0, 0x0105)).type == Type::regs);
    ck_assert(!middle.decode(entry(0, 0, 0x0105)).signal);
    ck_assert(middle.decode(entry(0, 0, 0x0505)).signal);
    ck_assert(middle.decode(entry(0, 0, 0x0800)).type == Type::end_of_stack);
    ck_assert(now.decode(entry(0, 0, 0x0000)).type == Type::undefined);
    ck_assert(now.decode(entry(0, 0, 0x0100)).type == Type::end_of_stack);
    ck_assert(now.decode(entry(8, 0, 0x0205)).type == Type::call);
    ck_assert(now.decode(entry(8, 0, 0x0305)).type == Type::regs);
    ck_assert(now.decode(entry(8, 0, 0x0c05)).type == Type::regs_partial);
    ck_assert(now.decode(entry(8, 0, 0x0c05)).signal);
    ck_assert(now.decode(entry(8, 0, 0x0705)).type == Type::undefined);
}
END_TEST

START_TEST(built_in_layouts_decode_as_those_of_btf) {
    const std::pair<OrcLayout, OrcLayout> layouts[] = {
        {OrcLayout::before_6_3(), layout_of(Era::before_6_3)},
        {OrcLayout::since_6_4(), layout_of(Era::since_6_4)}};
    for (const auto& [known, told] : layouts) {
        ck_assert_uint_eq(known.entry_size(), 6);
        for (uint32_t bits = 0; bits < 0x1000; ++bits) {
            const auto bytes = entry(8, -8, static_cast<uint16_t>(bits));
            ck_assert(known.decode(bytes).type == told.decode(bytes).type);
            ck_assert(known.decode(bytes).signal == told.decode(bytes).signal);
            ck_assert(known.decode(bytes).sp_base == told.decode(bytes).sp_base);
            ck_assert(known.decode(bytes).bp_base == told.decode(bytes).bp_base);
            ck_assert_int_eq(known.decode(bytes).sp_offset, 8);
            ck_assert_int_eq(known.decode(bytes).bp_offset, -8);
        }
    }
}
END_TEST

START_TEST(a_layout_that_cannot_be_is_refused) {
    FakeMemory memory;
    for (const uint32_t size : {5u, 17u, UINT32_MAX}) {
        BtfWriter types;
        const uint32_t u16 = types.integer("short", 2);
        types.structure("orc_entry", size,
                        {{"sp_offset", u16, 0},
                         {"bp_offset", u16, 16},
                         {"sp_reg", u16, 32},
                         {"bp_reg", u16, 36},
                         {"type", u16, 40}});
        memory.put(0x1000, types.bytes());
        must_fail(OrcLayout::of(must(Btf::read(memory, Gva{0x1000}, types.bytes().size()))),
                  "bytes, not 6");
    }
}
END_TEST

/// An ORC table for code from 0x5000 on, with its places at 0x1000 and its entries at 0x2000.
FakeMemory table_at(std::initializer_list<uint64_t> code) {
    FakeMemory memory;
    support::Bytes places, entries;
    for (const uint64_t address : code) {
        const uint64_t place = 0x1000 + places.size();
        support::put_le32(places, places.size(), static_cast<uint32_t>(address - place));
        support::put_bytes(entries, entries.size(),
                           entry(static_cast<int16_t>(address - 0x5000), 0, 0x0005));
    }
    memory.put(0x1000, places);
    memory.put(0x2000, entries);
    return memory;
}

/// Entries at 0x2000: three with @bits, and one that ends the stack in any layout.
OrcTable entries_with(FakeMemory& memory, uint16_t bits) {
    support::Bytes entries;
    for (int i = 0; i < 3; ++i) support::put_bytes(entries, entries.size(), entry(8, 0, bits));
    support::put_bytes(entries, entries.size(), entry(0, 0, 0x0500));
    memory.put(0x2000, entries);
    return {Gva{0x1000}, Gva{0x2000}, 4};
}

START_TEST(layout_is_recognised_by_the_number_that_calls_have) {
    FakeMemory old, now, strange;
    const auto of_old = must(entries_with(old, 0x0015).recognise_layout(old));
    const auto of_now = must(entries_with(now, 0x0215).recognise_layout(now));
    ck_assert(of_old->decode(entry(0, 0, 0x0105)).type == Type::regs);
    ck_assert(of_now->decode(entry(0, 0, 0x0305)).type == Type::regs);
    ck_assert(!must(entries_with(strange, 0x0715).recognise_layout(strange)));
    FakeMemory nothing;
    const OrcTable unmapped{Gva{0x1000}, Gva{0x2000}, 4}, empty{Gva{0x1000}, Gva{0x2000}, 0};
    must_fail(unmapped.recognise_layout(nothing), "0x2000");
    ck_assert(!must(empty.recognise_layout(nothing)));
}
END_TEST

START_TEST(numbers_are_recognised_by_that_of_the_stack_pointer) {
    FakeMemory old, now, nothing;
    const OrcLayout layout = OrcLayout::since_6_4();
    ck_assert(must(entries_with(old, 0x0215).recognise_numbers(old, layout)) ==
              OrcNumbers::since_4_14);
    ck_assert(must(entries_with(now, 0x0283).recognise_numbers(now, layout)) ==
              OrcNumbers::since_7);
    const OrcTable unmapped{Gva{0x1000}, Gva{0x2000}, 4}, empty{Gva{0x1000}, Gva{0x2000}, 0};
    must_fail(unmapped.recognise_numbers(nothing, layout), "0x2000");
    ck_assert(must(empty.recognise_numbers(nothing, layout)) == OrcNumbers::since_4_14);
}
END_TEST

START_TEST(each_number_has_the_meaning_of_its_kernel) {
    using Base = OrcEntry::Base;
    const Base old[] = {Base::undefined,   Base::previous_sp, Base::dx,     Base::di,
                        Base::bp,          Base::sp,          Base::r10,    Base::r13,
                        Base::bp_indirect, Base::sp_indirect, Base::unknown};
    const Base now[] = {Base::undefined,   Base::ax,          Base::dx,         Base::sp,
                        Base::bp,          Base::di,          Base::r10,        Base::r13,
                        Base::previous_sp, Base::sp_indirect, Base::bp_indirect};
    OrcLayout layout = OrcLayout::since_6_4();
    for (uint16_t number = 0; number < 11; ++number) {
        const auto bytes = entry(8, 0, static_cast<uint16_t>(0x200 | number << 4 | number));
        layout.set_numbers(OrcNumbers::since_4_14);
        ck_assert(layout.decode(bytes).sp_base == old[number]);
        ck_assert(layout.decode(bytes).bp_base == old[number]);
        layout.set_numbers(OrcNumbers::since_7);
        ck_assert(layout.decode(bytes).sp_base == now[number]);
        ck_assert(layout.decode(bytes).bp_base == now[number]);
    }
}
END_TEST

START_TEST(the_entry_is_that_of_the_last_place_at_or_below) {
    const FakeMemory memory = table_at({0x5000, 0x5010, 0x5020});
    const OrcTable table{Gva{0x1000}, Gva{0x2000}, 3};
    const OrcLayout layout = OrcLayout::before_6_3();
    const std::pair<uint64_t, int> expected[] = {
        {0x5000, 0}, {0x500f, 0}, {0x5010, 0x10}, {0x5020, 0x20}, {UINT64_MAX, 0x20}};
    for (const auto& [address, offset] : expected) {
        ck_assert_int_eq(must(table.find(memory, layout, Gva{address}))->sp_offset, offset);
    }
    ck_assert(!must(table.find(memory, layout, Gva{0x4fff})));
    ck_assert(!must(OrcTable{}.find(memory, layout, Gva{0x5000})));
}
END_TEST

START_TEST(a_table_that_leads_outside_is_an_error) {
    const FakeMemory memory = table_at({0x5000});
    const OrcTable longer{Gva{0x1000}, Gva{0x2000}, UINT64_MAX};
    must_fail(longer.find(memory, OrcLayout::before_6_3(), Gva{0x5000}), "is not mapped");
    const OrcTable without{Gva{0x1000}, Gva{0x9000}, 1};
    must_fail(without.find(memory, OrcLayout::before_6_3(), Gva{0x5000}), "0x9000 is not mapped");
}
END_TEST

/// A stack at 0x8000. The value of word number i is 0x10000 + i.
FakeMemory stack() {
    FakeMemory memory;
    support::Bytes bytes(0x400);
    for (uint64_t i = 0; i < 0x80; ++i) support::put_le64(bytes, 8 * i, 0x10000 + i);
    support::put_le64(bytes, 0x100, 0x8200);  // a pointer into it
    memory.put(0x8000, bytes);
    return memory;
}

OrcEntry call(OrcEntry::Base base, int16_t offset) {
    OrcEntry made;
    made.sp_base = base;
    made.sp_offset = offset;
    made.type = Type::call;
    return made;
}

START_TEST(the_callers_stack_pointer_comes_from_each_register) {
    const FakeMemory memory = stack();
    StackPosition at{.ip = 1, .sp = 0x8010, .bp = 0x8080, .exact = true};
    at.r10 = 0x8100;
    at.r13 = 0x8128;
    at.di = 0x8110;
    at.dx = 0x8118;
    const std::pair<OrcEntry, uint64_t> expected[] = {
        {call(OrcEntry::Base::sp, 16), 0x8020},
        {call(OrcEntry::Base::bp, 16), 0x8090},
        {call(OrcEntry::Base::r10, 0), 0x8100},
        {call(OrcEntry::Base::r13, 0), 0x8128},
        {call(OrcEntry::Base::di, 0), 0x8110},
        {call(OrcEntry::Base::dx, 0), 0x8118},
        {call(OrcEntry::Base::bp_indirect, 0x80), 0x8200},
    };
    for (const auto& [entry, sp] : expected) {
        const auto caller = must(orc_step(memory, entry, at));
        ck_assert(caller && caller->sp == sp && !caller->exact);
        ck_assert_uint_eq(caller->ip, 0x10000 + (sp - 8 - 0x8000) / 8);
        ck_assert_uint_eq(caller->bp, 0x8080);
        ck_assert(!caller->r10 && !caller->di);
    }
    at.sp = 0x8100;
    ck_assert(must(orc_step(memory, call(OrcEntry::Base::sp_indirect, 8), at))->sp == 0x8208);
}
END_TEST

START_TEST(the_callers_frame_pointer_is_where_orc_says) {
    const FakeMemory memory = stack();
    const StackPosition at{.ip = 1, .sp = 0x8010, .bp = 0x8080};
    OrcEntry entry = call(OrcEntry::Base::sp, 32);
    entry.bp_base = OrcEntry::Base::previous_sp;
    entry.bp_offset = -16;
    ck_assert_uint_eq(must(orc_step(memory, entry, at))->bp, 0x10004);
    entry.bp_base = OrcEntry::Base::bp;
    entry.bp_offset = 8;
    ck_assert_uint_eq(must(orc_step(memory, entry, at))->bp, 0x10011);
}
END_TEST

START_TEST(saved_registers_lead_to_what_was_interrupted) {
    FakeMemory memory = stack();
    support::put_le64(memory.at(0x8000), 136, 0x10);  // cs
    OrcEntry entry = call(OrcEntry::Base::sp, 0);
    entry.type = Type::regs;
    entry.signal = true;
    const auto whole = must(orc_step(memory, entry, {.ip = 1, .sp = 0x8000}));
    ck_assert(whole && whole->exact);
    ck_assert_uint_eq(whole->ip, 0x10010);
    ck_assert_uint_eq(whole->sp, 0x10013);
    ck_assert_uint_eq(whole->bp, 0x10004);
    ck_assert(whole->r10 == 0x10007u && whole->r13 == 0x10002u && whole->di == 0x1000eu);
    entry.type = Type::regs_partial;
    const auto partly = must(orc_step(memory, entry, {.ip = 1, .sp = 0x8080, .bp = 7}));
    ck_assert(partly && partly->ip == 0x10010 && partly->sp == 0x10013 && partly->bp == 7);
}
END_TEST

START_TEST(the_walk_ends_at_user_mode_and_at_the_end) {
    const FakeMemory memory = stack();  // cs is 0x10011: privilege 1
    OrcEntry entry = call(OrcEntry::Base::sp, 0);
    entry.type = Type::regs;
    ck_assert(!must(orc_step(memory, entry, {.ip = 1, .sp = 0x8000})));
    entry.type = Type::end_of_stack;
    ck_assert(!must(orc_step(memory, entry, {.ip = 1, .sp = 0x8000})));
}
END_TEST

START_TEST(what_orc_does_not_tell_is_an_error) {
    const FakeMemory memory = stack();
    const StackPosition at{.ip = 0x77, .sp = 0x8010, .bp = 0x8080};
    OrcEntry undefined = call(OrcEntry::Base::sp, 16);
    undefined.type = Type::undefined;
    must_fail(orc_step(memory, undefined, at), "has nothing about 0x77");
    must_fail(orc_step(memory, call(OrcEntry::Base::undefined, 16), at), "does not tell how");
    must_fail(orc_step(memory, call(static_cast<OrcEntry::Base>(15), 16), at), "does not tell");
    must_fail(orc_step(memory, call(OrcEntry::Base::r10, 0), at), "needs r10, which is not known");
    must_fail(orc_step(memory, call(OrcEntry::Base::sp, 0), at), "does not go on from 0x8010");
    must_fail(orc_step(memory, call(OrcEntry::Base::sp, -8), at), "does not go on");
    must_fail(orc_step(memory, call(OrcEntry::Base::sp, 0x7000), at), "is not mapped");
    must_fail(orc_step(memory, call(OrcEntry::Base::bp_indirect, 0x7000), at), "is not mapped");
}
END_TEST

}  // namespace

Suite* orc_suite() {
    return support::make_suite("orc", {
                                          entries_are_decoded_as_each_kernel_writes_them,
                                          built_in_layouts_decode_as_those_of_btf,
                                          a_layout_that_cannot_be_is_refused,
                                          layout_is_recognised_by_the_number_that_calls_have,
                                          numbers_are_recognised_by_that_of_the_stack_pointer,
                                          each_number_has_the_meaning_of_its_kernel,
                                          the_entry_is_that_of_the_last_place_at_or_below,
                                          a_table_that_leads_outside_is_an_error,
                                          the_callers_stack_pointer_comes_from_each_register,
                                          the_callers_frame_pointer_is_where_orc_says,
                                          saved_registers_lead_to_what_was_interrupted,
                                          the_walk_ends_at_user_mode_and_at_the_end,
                                          what_orc_does_not_tell_is_an_error,
                                      });
}

}  // namespace guestdump::linux_guest
