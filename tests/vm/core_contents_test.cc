// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/core_contents.h"

#include <cinttypes>
#include <fstream>
#include <string>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "util/text.h"
#include "vm/memory/ram.h"

namespace guestdump::vm {

using support::must;

Suite* core_contents_suite();

namespace {

/// True if the kernel leaves the mapping at @host out of cores: its VmFlags contain "dd". [linux
/// proc(5)]
bool kept_out(const std::byte* host) {
    std::ifstream smaps("/proc/self/smaps");
    const std::string start = util::text("%" PRIxPTR "-", reinterpret_cast<uintptr_t>(host));
    bool found = false;
    for (std::string line; std::getline(smaps, line);) {
        if (line.starts_with(start)) found = true;
        if (found && line.starts_with("VmFlags:")) return line.find(" dd") != std::string::npos;
    }
    ck_abort_msg("there is no mapping at %s", start.c_str());
}

unsigned filter() {
    unsigned value = 0;
    std::ifstream("/proc/self/coredump_filter") >> std::hex >> value;
    return value;
}

START_TEST(guest_memory_is_kept_out_of_cores_or_let_in_whole) {
    RamSpec spec;
    spec.id = "pc.ram";
    spec.size = 0x100000;
    spec.share = true;  // keeps the mapping from being joined to a neighbour
    const auto ram = must(Ram::create(spec));
    AddressSpace memory;
    must(memory.add({.range = {Gpa{0x4000}, 0x1000},
                     .region = ram,
                     .offset = 0x4000,
                     .host = ram->host() + 0x4000}));
    must(keep_in_core(memory, false));
    ck_assert(kept_out(ram->host()));
    must(keep_in_core(memory, true));
    ck_assert(!kept_out(ram->host()));
}
END_TEST

START_TEST(cores_get_what_is_shared_and_has_a_file_only_with_guest_memory) {
    std::ofstream("/proc/self/coredump_filter") << "0x11";
    const AddressSpace none;
    must(keep_in_core(none, false));
    ck_assert_uint_eq(filter(), 0x11);
    must(keep_in_core(none, true));
    ck_assert_uint_eq(filter(), 0x7b);
}
END_TEST

}  // namespace

Suite* core_contents_suite() {
    return support::make_suite("core_contents",
                               {guest_memory_is_kept_out_of_cores_or_let_in_whole,
                                cores_get_what_is_shared_and_has_a_file_only_with_guest_memory});
}

}  // namespace guestdump::vm
