// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/types/btf.h"

#include "linux/types/struct_members.h"
#include "tests/linux/btf_writer.h"
#include "tests/linux/fake_memory.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* btf_suite();

namespace {

using guest::Gva;
using support::must;
using support::must_fail;

Result<Btf> read(support::Bytes bytes) {
    FakeMemory memory;
    const size_t size = bytes.size();
    memory.put(0x1000, std::move(bytes));
    return Btf::read(memory, Gva{0x1000}, size);
}

START_TEST(members_are_found_by_paths) {
    BtfWriter types;
    const uint32_t u32 = types.integer("int", 4);
    const uint32_t inner = types.structure("inner", 8, {{"a", u32, 0}, {"b", u32, 32}});
    const uint32_t renamed = types.type_definition("inner_t", inner);
    types.structure("outer", 24, {{"x", u32, 0}, {"in", renamed, 64}});
    const Btf btf = must(read(types.bytes()));
    ck_assert_uint_eq(btf.type_count(), 4);
    const auto b = btf.member("outer", "in.b");
    ck_assert(b && b->offset == 12 && b->size == 4 && b->bits == 0);
    ck_assert(!btf.member("outer", "b") && !btf.member("outer", "in.c") &&
              !btf.member("outer", "x.y") && !btf.member("other", "x"));
    ck_assert(btf.size_of(*btf.find_struct("outer")) == 24);
}
END_TEST

START_TEST(members_of_unnamed_structs_are_those_of_the_outer_one) {
    BtfWriter types;
    const uint32_t u32 = types.integer("int", 4);
    const uint32_t deep = types.structure("", 8, {{"deep", u32, 32}});
    const uint32_t either = types.structure("", 8, {{"", deep, 0}, {"other", u32, 0}}, true);
    types.structure("outer", 16, {{"", either, 64}});
    const Btf btf = must(read(types.bytes()));
    ck_assert(btf.member("outer", "deep")->offset == 12);
    ck_assert(btf.member("outer", "other")->offset == 8);
}
END_TEST

START_TEST(bit_fields_tell_their_bits) {
    BtfWriter types;
    const uint32_t u16 = types.integer("short", 2);
    types.structure("entry", 6, {{"a", u16, 0, 16}, {"b", u16, 36, 4}, {"c", u16, 43, 1}});
    const Btf btf = must(read(types.bytes()));
    const auto b = btf.member("entry", "b"), c = btf.member("entry", "c");
    ck_assert(b && b->offset == 4 && b->bit == 4 && b->bits == 4);
    ck_assert(c && c->offset == 5 && c->bit == 3 && c->bits == 1);
}
END_TEST

START_TEST(sizes_of_all_kinds_are_known) {
    BtfWriter types;
    const uint32_t u32 = types.integer("int", 4);
    const uint32_t pointer = types.pointer(u32);
    const uint32_t array = types.array(pointer, 5);
    const uint32_t constant = types.add("", 10, 0, false, array);
    const uint32_t unknown = types.add("opaque", 7, 0, false, 0);
    const Btf btf = must(read(types.bytes()));
    ck_assert(btf.size_of(pointer) == 8 && btf.size_of(constant) == 40);
    ck_assert(btf.array_length(constant) == 5u && !btf.array_length(u32));
    ck_assert(!btf.size_of(unknown) && !btf.size_of(0) && !btf.size_of(1000));
}
END_TEST

START_TEST(constants_of_enums_are_found) {
    BtfWriter types;
    types.enumeration("one", {{"A", 1}, {"B", 0xffffffff}});
    types.enumeration("two", {{"C", 7}});
    const Btf btf = must(read(types.bytes()));
    ck_assert(btf.enumerator("B") == -1 && btf.enumerator("C") == 7 && !btf.enumerator("D"));
}
END_TEST

START_TEST(headers_that_lead_outside_are_refused) {
    BtfWriter types;
    types.integer("int", 4);
    const support::Bytes good = types.bytes();
    must_fail(read(support::Bytes(good.begin(), good.begin() + 23)), "has 23 bytes, not 24 to");
    must_fail(read(support::Bytes(64)), "begins with 0x0000, not 0xeb9f");
    for (const uint64_t field : {4u, 8u, 12u, 16u, 20u}) {
        for (const uint32_t value : {0x10000u, UINT32_MAX}) {
            support::Bytes bad = good;
            support::put_le32(bad, field, value);
            must_fail(read(bad), "the sections of the kernel's BTF end at");
        }
    }
    FakeMemory memory;
    must_fail(Btf::read(memory, Gva{0x1000}, Btf::kMostBytes + 1), "67108865 bytes");
    must_fail(Btf::read(memory, Gva{0x1000}, 4096), "is not mapped");
}
END_TEST

START_TEST(types_that_do_not_fit_are_refused) {
    for (const uint32_t kind : {0u, 20u, 31u}) {
        BtfWriter types;
        types.add("x", kind, 0, false, 0);
        must_fail(read(types.bytes()), "type 1 of the kernel's BTF, of kind");
    }
    BtfWriter longer;
    longer.add("x", 4, 0xffff, false, 8);  // more members than there are bytes
    must_fail(read(longer.bytes()), "does not fit the 12 bytes that are left");
    BtfWriter cut;
    cut.integer("int", 4);
    support::Bytes bytes = cut.bytes();
    support::put_le32(bytes, 12, 20);  // type_len: part of a second type
    bytes.resize(bytes.size() + 16);
    must_fail(read(bytes), "type 2");
}
END_TEST

START_TEST(types_that_refer_to_themselves_end) {
    BtfWriter types;
    types.add("loop", 8, 0, false, 1);         // a typedef of itself
    types.structure("self", 8, {{"", 2, 0}});  // an unnamed member of its own type
    types.array(3, 2);                         // an array of itself
    types.structure("user", 8, {{"a", 1, 0}, {"b", 3, 0}});
    const Btf btf = must(read(types.bytes()));
    ck_assert(!btf.size_of(1) && !btf.size_of(3));
    ck_assert(!btf.member("self", "x"));
    ck_assert(!btf.member("user", "a.x") && btf.member("user", "b")->size == 0);
}
END_TEST

START_TEST(structs_that_multiply_take_no_time) {
    BtfWriter types;
    std::vector<WrittenMember> members(60000, {"", 1, 0});
    types.structure("self", 8, members);
    const Btf btf = must(read(types.bytes()));
    ck_assert(!btf.member("self", "x"));
}
END_TEST

START_TEST(names_without_an_end_take_no_time) {
    BtfWriter types;
    types.integer(std::string(8 << 20, 'x'), 4);
    for (int i = 0; i < 20000; ++i) types.structure("s", 8, {});
    support::Bytes bytes = types.bytes();
    const uint32_t strings = 24 + support::le32_at(bytes, 16);
    std::replace(bytes.begin() + strings + 1, bytes.end(), std::byte{0}, std::byte{'x'});
    const Btf btf = must(read(bytes));
    ck_assert(!btf.find_struct("s"));
}
END_TEST

START_TEST(names_outside_of_the_strings_are_empty) {
    BtfWriter types;
    types.integer("int", 4);
    types.structure("outer", 8, {{"a", 1, 0}});
    support::Bytes bytes = types.bytes();
    support::put_le32(bytes, 24 + 16, 0xffffff);         // name of the struct
    support::put_le32(bytes, 24 + 16 + 12, UINT32_MAX);  // of its member
    const Btf btf = must(read(bytes));
    ck_assert(!btf.find_struct("outer") && !btf.member(2, "a"));
}
END_TEST

START_TEST(a_missing_member_is_named) {
    BtfWriter types;
    const uint32_t u32 = types.integer("int", 4);
    types.structure("task", 8, {{"pid", u32, 32}});
    const Btf btf = must(read(types.bytes()));
    StructMembers task(btf, "task");
    ck_assert_uint_eq(task.offset("pid"), 4);
    must(task.failed());
    ck_assert(!task.optional_offset("cpu"));
    must(task.failed());
    task.offset("comm");
    task.offset("stack");
    must_fail(task.failed(), "the kernel's struct task has no comm");
    must_fail(StructMembers(btf, "mm").failed(), "the kernel's types have no struct mm");
}
END_TEST

}  // namespace

Suite* btf_suite() {
    return support::make_suite("btf", {
                                          members_are_found_by_paths,
                                          members_of_unnamed_structs_are_those_of_the_outer_one,
                                          bit_fields_tell_their_bits,
                                          sizes_of_all_kinds_are_known,
                                          constants_of_enums_are_found,
                                          headers_that_lead_outside_are_refused,
                                          types_that_do_not_fit_are_refused,
                                          types_that_refer_to_themselves_end,
                                          structs_that_multiply_take_no_time,
                                          names_without_an_end_take_no_time,
                                          names_outside_of_the_strings_are_empty,
                                          a_missing_member_is_named,
                                      });
}

}  // namespace guestdump::linux_guest
