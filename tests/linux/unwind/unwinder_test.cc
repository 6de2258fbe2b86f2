// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/unwind/unwinder.h"

#include "linux/symbols/kallsyms.h"
#include "linux/tasks/task_reader.h"
#include "tests/linux/same_text.h"
#include "tests/linux/small_linux.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* unwinder_suite();

namespace {

using guest::Gva;
using support::must;

constexpr size_t kSp = 7, kBp = 6, kIp = 16;

struct Walked {
    explicit Walked(const SmallLinux& small, bool orc = true)
        : memory(small.memory()),
          symbols(read_symbols(small, orc)),
          types(must(Btf::read(
              memory, *symbols.address_of("__start_BTF"),
              symbols.address_of("__stop_BTF")->value - symbols.address_of("__start_BTF")->value))),
          names(memory, symbols, nullptr),
          unwinder(memory, symbols, &types, nullptr, names) {}

    /// The symbols; without those of the ORC tables if @orc is false.
    static SymbolTable read_symbols(const SmallLinux& small, bool orc) {
        SymbolTable table;
        for (const auto& [name, address] : small.symbols()) {
            if (orc || name.find("orc") == name.npos) must(table.add(address, name));
        }
        must(table.finish());
        return table;
    }

    Stack sleeping(unsigned pid) const {
        const auto reader = must(TaskReader::make(memory, types));
        return unwinder.sleeping(must(reader.read(Gva{SmallLinux::task(pid)})));
    }

    /// The frames as "function+offset", concatenated.
    std::string told(const Stack& stack) const {
        std::string text;
        for (const StackFrame& frame : stack.frames) {
            const auto name = names.find(frame.instruction, !frame.interrupted);
            text += (text.empty() ? "" : " ") + std::string(frame.guessed ? "?" : "");
            text += name ? name->function + "+" + std::to_string(name->offset) : "none";
        }
        return text;
    }

    FakeMemory memory;
    SymbolTable symbols;
    Btf types;
    CodeNames names;
    Unwinder unwinder;
};

guest::Execution execution(uint64_t ip, uint64_t sp, uint64_t bp = 0) {
    guest::Execution made;
    made.registers[kIp] = ip;
    made.registers[kSp] = sp;
    made.registers[kBp] = bp;
    return made;
}

START_TEST(a_task_that_sleeps_is_followed_to_its_start) {
    const Walked walked{SmallLinux()};
    const Stack init = walked.sleeping(1);
    check_text(walked.told(init), "schedule+16 do_wait+32 entry+48");
    ck_assert(init.incomplete.empty() && init.method == UnwindMethod::orc);
    check_text(walked.told(walked.sleeping(2)), "schedule+16 do_work+32 ret_from_fork+48");
}
END_TEST

START_TEST(a_kernel_without_btf_is_followed_by_its_orc_table_too) {
    const Walked walked{SmallLinux()};
    const Unwinder without_btf(walked.memory, walked.symbols, nullptr, nullptr, walked.names);
    const auto reader = must(TaskReader::make(walked.memory, walked.types));
    const Stack init = without_btf.sleeping(must(reader.read(Gva{SmallLinux::task(1)})));
    ck_assert(init.method == UnwindMethod::orc);
    check_text(walked.told(init), "schedule+16 do_wait+32 entry+48");
}
END_TEST

START_TEST(a_call_at_the_end_of_a_function_is_that_functions) {
    SmallLinux small;
    const uint64_t sp = SmallLinux::kStacks + SmallLinux::kStackSize + 0x3f00;
    small.put64(sp + 56 + 8, SmallLinux::at(SmallLinux::kEntry));  // follows do_work's last call
    const Walked walked(small);
    check_text(walked.told(walked.sleeping(1)), "schedule+16 do_work+256 entry+48");
}
END_TEST

START_TEST(a_vcpu_is_followed_through_an_interrupt) {
    const Walked walked{SmallLinux()};
    const Stack stack = walked.unwinder.running(execution(
        SmallLinux::at(SmallLinux::kInterrupt + 4), SmallLinux::at(SmallLinux::kStacks + 0x3e00)));
    check_text(walked.told(stack), "interrupt+4 idle+64 entry+80");
    ck_assert(stack.frames[0].interrupted && stack.frames[1].interrupted &&
              !stack.frames[2].interrupted);
}
END_TEST

START_TEST(a_vcpu_in_user_mode_has_no_stack) {
    const Walked walked{SmallLinux()};
    guest::Execution user = execution(0x400000, 0x7fff0000);
    user.user_mode = true;
    const Stack stack = walked.unwinder.running(user);
    ck_assert(stack.user_mode && stack.frames.empty() && stack.incomplete.empty());
}
END_TEST

START_TEST(a_stack_that_is_none_is_told) {
    const Walked walked{SmallLinux()};
    Task task;
    task.stack = Gva{0x1000};
    task.saved_stack = Gva{0x9000};
    const Stack outside = walked.unwinder.sleeping(task);
    ck_assert(outside.frames.empty());
    check_text(outside.incomplete, "the task's stack pointer 0x9000 is not in its stack at 0x1000");
    task.saved_stack = Gva{0x2000};
    ck_assert(walked.unwinder.sleeping(task).incomplete.find("not mapped") != std::string::npos);
    task.stack = Gva{0};
    check_text(walked.unwinder.sleeping(task).incomplete, "the task has no stack any more");
}
END_TEST

START_TEST(a_return_to_what_is_not_code_ends_the_walk_and_words_are_guessed) {
    SmallLinux small;
    const uint64_t sp = SmallLinux::kStacks + SmallLinux::kStackSize + 0x3f00;
    small.put64(sp + 56 + 8, 0x1234);
    const Walked walked(small);
    const Stack stack = walked.sleeping(1);
    check_text(walked.told(stack), "schedule+16 ?entry+48");
    ck_assert(stack.incomplete.find("0x1234, to which") == 0);
}
END_TEST

constexpr uint64_t kProgram = 0xffffffffc0000100, kTrampoline = 0xffffffffc0002100;

/// Offset of the frames of task 1 in its stack, after the frame of schedule().
constexpr uint64_t kFrames = SmallLinux::kStacks + SmallLinux::kStackSize + 0x3f00 + 56;

/// do_wait() is called by a BPF program, which a trampoline called in do_work(). Both have frame
/// pointers, which do_wait() saves. Its ORC entry says so.
SmallLinux with_bpf_program() {
    SmallLinux small;
    const uint64_t program = kFrames + 0x40, trampoline = kFrames + 0x60;
    const uint64_t wait = SmallLinux::kOrc + 0x800 + 6 * 2;
    small.put32(wait, 0xfff00010);  // the return address at 16 - 8, the frame pointer at 16 - 16
    small.put32(wait + 4, 0x00100215);  // both from the stack pointer; the next entry's 16 stays
    small.put64(kFrames + 16, SmallLinux::at(program));
    small.put64(kFrames + 24, kProgram);
    small.put64(program, SmallLinux::at(trampoline));
    small.put64(program + 8, kTrampoline);
    small.put64(trampoline, 0);
    small.put64(trampoline + 8, SmallLinux::at(SmallLinux::kWork + 0x20));
    small.put64(trampoline + 24, SmallLinux::at(SmallLinux::kEntry + 0x30));
    return small;
}

START_TEST(bpf_programs_are_followed_by_their_frame_pointers) {
    const Walked walked(with_bpf_program());
    const Stack stack = walked.sleeping(1);
    check_text(walked.told(stack), "schedule+16 do_wait+32 none none do_work+32 entry+48");
    check_text(stack.incomplete, "");
    ck_assert(stack.frames[2].instruction == Gva{kProgram});
    ck_assert(stack.frames[3].instruction == Gva{kTrampoline});
}
END_TEST

START_TEST(a_bpf_program_that_was_interrupted_is_followed) {
    SmallLinux small;
    const uint64_t registers = SmallLinux::kStacks + 0x3e00, frame = SmallLinux::kStacks + 0x3f90;
    small.put64(registers + 32, SmallLinux::at(frame));  // bp
    small.put64(registers + 128, kProgram + 8);          // ip
    small.put64(frame + 8, SmallLinux::at(SmallLinux::kIdle + 0x40));
    small.put64(frame + 24, SmallLinux::at(SmallLinux::kEntry + 0x50));
    const Walked walked(small);
    const Stack stack = walked.unwinder.running(
        execution(SmallLinux::at(SmallLinux::kInterrupt + 4), SmallLinux::at(registers)));
    check_text(walked.told(stack), "interrupt+4 none idle+64 entry+80");
    ck_assert(stack.frames[1].interrupted && stack.incomplete.empty());
}
END_TEST

START_TEST(generated_code_without_a_frame_pointer_ends_the_walk) {
    const uint64_t at = SmallLinux::at(kFrames);
    // Below the frame, not aligned, in another stack, nothing, and a frame that returns to data.
    for (const uint64_t bp : {at, at + 0x44, at + 0x4000, uint64_t{0}, at + 0x80}) {
        SmallLinux small = with_bpf_program();
        small.put64(kFrames + 16, bp);
        const Walked walked(small);
        const Stack stack = walked.sleeping(1);
        check_text(stack.incomplete,
                   "0xffffffffc0000100, to which 0xffffffff81001120 returns, is not code");
    }
    SmallLinux elsewhere = with_bpf_program();
    elsewhere.put64(kFrames + 24, 0xffff888000000100);  // memory that no code is put into
    ck_assert(Walked(elsewhere).sleeping(1).incomplete.find("0xffff888000000100, to") == 0);
}
END_TEST

START_TEST(a_stack_without_end_has_128_frames) {
    SmallLinux small;
    const uint64_t sp = SmallLinux::kStacks + SmallLinux::kStackSize + 0x100;
    small.put64(SmallLinux::kTasks + SmallLinux::kTaskSize + 128, SmallLinux::at(sp));
    for (uint64_t at = sp; at < sp + 0x3000; at += 8) {
        small.put64(at, SmallLinux::at(SmallLinux::kWait + 0x20));
    }
    const Stack stack = Walked(small).sleeping(1);
    ck_assert_uint_eq(stack.frames.size(), kMostFrames);
    check_text(stack.incomplete, "there are more frames than 128");
}
END_TEST

START_TEST(without_orc_frame_pointers_are_followed) {
    SmallLinux small;
    const uint64_t sp = SmallLinux::kStacks + 0x3000;
    small.put64(sp + 0x40, SmallLinux::at(sp + 0x80));
    small.put64(sp + 0x48, SmallLinux::at(SmallLinux::kWait + 8));
    small.put64(sp + 0x80, SmallLinux::at(SmallLinux::kStacks + 0x3e00) + 1);  // registers
    small.put64(sp + 0x88, SmallLinux::at(SmallLinux::kInterrupt + 8));
    const Walked walked(small, false);
    const Stack stack = walked.unwinder.running(execution(
        SmallLinux::at(SmallLinux::kSchedule), SmallLinux::at(sp), SmallLinux::at(sp + 0x40)));
    check_text(walked.told(stack), "schedule+0 do_wait+8 interrupt+8 idle+64");
    ck_assert(stack.method == UnwindMethod::frame_pointers);
    ck_assert(stack.frames.back().interrupted);
}
END_TEST

START_TEST(frame_pointers_that_lead_nowhere_leave_the_words_of_the_stack) {
    SmallLinux small;
    const uint64_t sp = SmallLinux::kStacks + 0x3fe0;
    small.put64(sp + 8, SmallLinux::at(SmallLinux::kWait + 8));
    small.put64(sp + 24, SmallLinux::at(SmallLinux::kEntry + 8));
    const Walked walked(small, false);
    for (const uint64_t bp : {sp - 16, sp + 0x4000, uint64_t{0x10}}) {
        const Stack stack =
            walked.unwinder.running(execution(SmallLinux::at(SmallLinux::kIdle), SmallLinux::at(sp),
                                              bp == 16 ? bp : SmallLinux::at(bp)));
        check_text(walked.told(stack), "idle+0 ?do_wait+8 ?entry+8");
        ck_assert(stack.method == UnwindMethod::words && !stack.incomplete.empty());
    }
}
END_TEST

START_TEST(functions_of_the_scheduler_are_known) {
    const Walked walked{SmallLinux()};
    ck_assert(walked.names.is_scheduler(Gva{SmallLinux::at(SmallLinux::kSchedule + 0x10)}));
    ck_assert(!walked.names.is_scheduler(Gva{SmallLinux::at(SmallLinux::kWait)}));
    ck_assert(!walked.names.find(Gva{SmallLinux::kBase - 1}, false));
    // A call at a function's end returns to the next function.
    ck_assert(walked.names.find(Gva{SmallLinux::at(SmallLinux::kWork)}, true)->text() ==
              "do_wait+0x100/0x100");
}
END_TEST

}  // namespace

Suite* unwinder_suite() {
    return support::make_suite("unwinder",
                               {
                                   a_task_that_sleeps_is_followed_to_its_start,
                                   a_kernel_without_btf_is_followed_by_its_orc_table_too,
                                   a_call_at_the_end_of_a_function_is_that_functions,
                                   a_vcpu_is_followed_through_an_interrupt,
                                   a_vcpu_in_user_mode_has_no_stack,
                                   a_stack_that_is_none_is_told,
                                   a_return_to_what_is_not_code_ends_the_walk_and_words_are_guessed,
                                   bpf_programs_are_followed_by_their_frame_pointers,
                                   a_bpf_program_that_was_interrupted_is_followed,
                                   generated_code_without_a_frame_pointer_ends_the_walk,
                                   a_stack_without_end_has_128_frames,
                                   without_orc_frame_pointers_are_followed,
                                   frame_pointers_that_lead_nowhere_leave_the_words_of_the_stack,
                                   functions_of_the_scheduler_are_known,
                               });
}

}  // namespace guestdump::linux_guest
