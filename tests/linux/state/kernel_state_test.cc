// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/state/kernel_state.h"

#include "linux/symbols/kallsyms.h"
#include "tests/linux/same_text.h"
#include "tests/linux/small_linux.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* kernel_state_suite();

namespace {

using support::must;

KernelState state_of(const SmallLinux& small, bool types = true) {
    const FakeMemory memory = small.memory();
    const SymbolTable symbols =
        must(read_kallsyms(memory, must(KallsymsTables::of(Vmcoreinfo(small.lines())))));
    const guest::Gva begin = *symbols.address_of("__start_BTF");
    const Btf btf =
        must(Btf::read(memory, begin, symbols.address_of("__stop_BTF")->value - begin.value));
    return read_kernel_state(memory, symbols, types ? &btf : nullptr);
}

START_TEST(variables_of_the_kernel_are_read) {
    const KernelState state = state_of(SmallLinux());
    ck_assert(state.command_line == "console=ttyS0 quiet");
    ck_assert(state.uptime == 3661u && state.time == 1700000000);
    ck_assert(state.load && (*state.load)[0] == 1 && (*state.load)[1] == 0.5 &&
              (*state.load)[2] == 2);
    ck_assert(!state.panic_cpu);
    check_text(taint_letters(*state.taint), "WO");
}
END_TEST

START_TEST(memory_is_counted_in_bytes) {
    const KernelState state = state_of(SmallLinux());
    ck_assert_uint_eq(state.memory.size(), 3);
    const std::pair<std::string, uint64_t> expected[] = {
        {"total", 1000 * 4096}, {"free", 600 * 4096}, {"file", 50 * 4096}};
    for (size_t i = 0; i < 3; ++i) {
        ck_assert(state.memory[i].name == expected[i].first);
        ck_assert_uint_eq(state.memory[i].bytes, expected[i].second);
    }
}
END_TEST

START_TEST(a_count_below_zero_is_zero) {
    SmallLinux small;
    small.put64(SmallLinux::kVariables + 72, UINT64_MAX - 3);
    ck_assert_uint_eq(state_of(small).memory[1].bytes, 0);
}
END_TEST

START_TEST(a_panic_names_its_cpu) {
    SmallLinux small;
    small.put32(SmallLinux::kVariables + 24, 1);
    ck_assert(state_of(small).panic_cpu == 1u);
}
END_TEST

START_TEST(what_cannot_be_read_is_missing) {
    SmallLinux small;
    small.put64(SmallLinux::kVariables + 8, 0x1234);
    const KernelState state = state_of(small, false);
    ck_assert(!state.command_line && !state.uptime && !state.time && state.memory.empty());
    ck_assert(state.taint.has_value());
    SymbolTable none;
    must(none.finish());
    const KernelState nothing = read_kernel_state(small.memory(), none, nullptr);
    ck_assert(!nothing.load && !nothing.taint && !nothing.panic_cpu);
}
END_TEST

START_TEST(every_taint_bit_is_a_letter_or_none) {
    check_text(taint_letters(0), "");
    check_text(taint_letters(1), "P");
    check_text(taint_letters(UINT64_MAX), "PFSRMBUDAWCIOELKXTNJ");
}
END_TEST

}  // namespace

Suite* kernel_state_suite() {
    return support::make_suite("kernel_state", {
                                                   variables_of_the_kernel_are_read,
                                                   memory_is_counted_in_bytes,
                                                   a_count_below_zero_is_zero,
                                                   a_panic_names_its_cpu,
                                                   what_cannot_be_read_is_missing,
                                                   every_taint_bit_is_a_letter_or_none,
                                               });
}

}  // namespace guestdump::linux_guest
