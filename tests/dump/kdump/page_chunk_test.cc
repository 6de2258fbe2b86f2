// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/page_chunk.h"

#include <string>

#include "tests/support/run_suites.h"
#include "tests/support/scripted_guest.h"

namespace guestdump::dump {

Suite* page_chunk_suite();

namespace {

constexpr uint64_t kPage = 4096;

/// The chunks of a guest, as "0+256 blank 256+300".
std::string chunks_of(const support::ScriptedGuest& guest) {
    const guest::GuestPhysBlockList blocks = guest.blocks();
    const guest::RamSource source(blocks);
    const guest::PageSet pages = guest::PageSet::of(blocks, kPage);
    ChunkCursor cursor(pages, kPage, source);
    std::string text;
    for (PageChunk chunk; cursor.next(chunk);) {
        text += (text.empty() ? "" : " ") + std::string(chunk.blank ? "blank " : "") +
                std::to_string(chunk.first) + "+" + std::to_string(chunk.count);
    }
    return text;
}

START_TEST(runs_are_cut_into_chunks_of_a_mebibyte) {
    support::ScriptedGuest guest;
    guest.add_ram(0, 600 * kPage);
    guest.add_ram(1000 * kPage, 3 * kPage);
    ck_assert(chunks_of(guest) == "0+256 256+256 512+88 1000+3");
}
END_TEST

START_TEST(what_was_never_populated_is_one_blank_chunk) {
    support::ScriptedGuest guest;
    guest.add_ram(0, 2000 * kPage).make_hole(300 * kPage, 1500 * kPage);
    ck_assert(chunks_of(guest) == "0+256 256+256 blank 512+1288 1800+200");
}
END_TEST

START_TEST(short_holes_do_not_cut_chunks) {
    support::ScriptedGuest guest;
    guest.add_ram(0, 256 * kPage).make_hole(0, 200 * kPage);
    ck_assert(chunks_of(guest) == "0+256");
}
END_TEST

START_TEST(a_blank_end_of_a_run_is_blank) {
    support::ScriptedGuest guest;
    guest.add_ram(0, 260 * kPage).make_hole(256 * kPage, 4 * kPage);
    ck_assert(chunks_of(guest) == "0+256 blank 256+4");
}
END_TEST

START_TEST(blank_chunks_have_an_end_too) {
    support::ScriptedGuest guest;
    guest.add_ram(0, 70000 * kPage).make_hole(0, 70000 * kPage);
    ck_assert(chunks_of(guest) == "blank 0+65536 blank 65536+4464");
}
END_TEST

}  // namespace

Suite* page_chunk_suite() {
    return support::make_suite("page_chunk", {
                                                 runs_are_cut_into_chunks_of_a_mebibyte,
                                                 what_was_never_populated_is_one_blank_chunk,
                                                 short_holes_do_not_cut_chunks,
                                                 a_blank_end_of_a_run_is_blank,
                                                 blank_chunks_have_an_end_too,
                                             });
}

}  // namespace guestdump::dump
