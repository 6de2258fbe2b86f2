// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/tasks/task_reader.h"

#include "linux/symbols/kallsyms.h"
#include "linux/tasks/cpus.h"
#include "tests/linux/btf_writer.h"
#include "tests/linux/small_linux.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* task_reader_suite();

namespace {

using guest::Gva;
using support::must;
using support::must_fail;

constexpr uint64_t kMemory = 1u << 20;

/// The memory, symbols and types of a SmallLinux.
struct Look {
    explicit Look(const SmallLinux& small)
        : memory(small.memory()),
          symbols(must(read_kallsyms(memory, must(KallsymsTables::of(Vmcoreinfo(small.lines())))))),
          types(must(Btf::read(memory, *symbols.address_of("__start_BTF"),
                               symbols.address_of("__stop_BTF")->value -
                                   symbols.address_of("__start_BTF")->value))) {}

    TaskList tasks(uint64_t memory_size = kMemory) const {
        return must(must(TaskReader::make(memory, types)).list(symbols, memory_size));
    }

    FakeMemory memory;
    SymbolTable symbols;
    Btf types;
};

uint64_t field(unsigned pid, uint64_t offset) {
    return SmallLinux::kTasks + pid * SmallLinux::kTaskSize + offset;
}

START_TEST(threads_of_all_processes_are_listed) {
    const TaskList list = Look(SmallLinux()).tasks();
    ck_assert(list.incomplete.empty());
    std::vector<uint32_t> pids;
    for (const Task& task : list.tasks) pids.push_back(task.pid);
    ck_assert(pids == (std::vector<uint32_t>{1, 2, 3, 4}));
    const Task& thread = list.tasks[2];
    ck_assert(thread.tgid == 2 && !thread.is_leader() && thread.is_kernel && thread.state == 'D');
    ck_assert(thread.name() == "worker/thread" && thread.address == Gva{SmallLinux::task(3)});
    const Task& busy = list.tasks[3];
    ck_assert(busy.on_cpu && busy.cpu == 1 && busy.parent == 1 && busy.state == 'R');
}
END_TEST

START_TEST(a_name_of_sixteen_bytes_has_no_nul) {
    SmallLinux small;
    support::put_text(small.image(), field(1, 96), "0123456789abcdef");
    ck_assert(Look(small).tasks().tasks[0].name() == "0123456789abcdef");
}
END_TEST

START_TEST(states_have_the_letters_of_ps) {
    const std::pair<uint32_t, char> states[] = {
        {0, 'R'},    {1, 'S'},      {2, 'D'},      {4, 'T'},      {8, 't'},     {0x10, 'X'},
        {0x20, 'Z'}, {0x40, 'P'},   {0x402, 'I'},  {0x102, 'D'},  {0x80, 'R'},  {0x200, 'R'},
        {0x30, 'Z'}, {0x1000, 'D'}, {0x8000, 'D'}, {0x2001, 'S'}, {0x800, 'R'}, {UINT32_MAX, 'I'},
    };
    for (const auto& [bits, letter] : states) ck_assert_int_eq(state_letter(bits), letter);
}
END_TEST

START_TEST(a_process_without_signals_is_told_once) {
    SmallLinux small;
    small.put64(field(2, 112), 0);
    const TaskList list = Look(small).tasks();
    ck_assert_uint_eq(list.tasks.size(), 3);
    ck_assert(list.incomplete.empty());
}
END_TEST

START_TEST(a_process_whose_threads_are_lost_does_not_hide_the_others) {
    SmallLinux small;
    small.put64(SmallLinux::kSignals + 128 + 16, 0x1000);
    const TaskList list = Look(small).tasks();
    ck_assert_uint_eq(list.tasks.size(), 3);
    ck_assert_uint_eq(list.tasks[2].pid, 4);
    ck_assert(list.incomplete.find("is not mapped") != list.incomplete.npos);
}
END_TEST

START_TEST(a_list_that_goes_around_ends) {
    SmallLinux small;
    small.put64(field(4, 48), SmallLinux::task(2) + 48);
    const TaskList tasks = Look(small).tasks();
    ck_assert(tasks.incomplete.find("goes around") != tasks.incomplete.npos);
    SmallLinux threads;
    threads.put64(field(3, 80), SmallLinux::task(3) + 80);
    const TaskList list = Look(threads).tasks();
    ck_assert(list.incomplete.find("goes around") != list.incomplete.npos);
    ck_assert_uint_eq(list.tasks.back().pid, 4);
}
END_TEST

START_TEST(there_are_no_more_tasks_than_fit_memory) {
    const TaskList list = Look(SmallLinux()).tasks(2 * SmallLinux::kTaskSize);
    ck_assert_uint_le(list.tasks.size(), 2);
    ck_assert(list.incomplete.find("more than 2") != list.incomplete.npos);
}
END_TEST

START_TEST(a_kernel_without_the_members_is_refused) {
    BtfWriter types;
    const uint32_t u32 = types.integer("int", 4);
    types.structure("task_struct", 64, {{"pid", u32, 0}});
    FakeMemory memory;
    memory.put(0x1000, types.bytes());
    const Btf btf = must(Btf::read(memory, Gva{0x1000}, types.bytes().size()));
    must_fail(TaskReader::make(memory, btf), "the kernel's struct task_struct has no ");
}
END_TEST

START_TEST(cpus_are_those_whose_areas_the_vcpus_have) {
    const Look look{SmallLinux()};
    std::vector<std::optional<guest::Execution>> vcpus(3);
    vcpus[0].emplace().areas = {Gva{SmallLinux::kAreas + 0x1000}};
    vcpus[2].emplace().areas = {Gva{1}, Gva{SmallLinux::kAreas}};
    const auto cpus = must(read_cpus(look.memory, look.symbols, &look.types, vcpus));
    ck_assert_uint_eq(cpus.size(), 2);
    ck_assert(cpus[0].vcpu == 2u && cpus[0].current == Gva{SmallLinux::task(0)});
    ck_assert(cpus[1].vcpu == 0u && cpus[1].current == Gva{SmallLinux::task(4)});
}
END_TEST

START_TEST(a_cpu_whose_area_is_lost_has_no_task) {
    SmallLinux small;
    small.put64(SmallLinux::kVariables + 0x308, 0x99999000);
    const Look look(small);
    const auto cpus = must(read_cpus(look.memory, look.symbols, &look.types, {}));
    ck_assert(cpus[0].current && !cpus[1].current && !cpus[1].vcpu);
}
END_TEST

/// A kernel with a third CPU, whose current task is @task.
SmallLinux with_third_cpu(unsigned task) {
    SmallLinux small;
    const uint64_t area = SmallLinux::kAreas + 0x2000;
    small.put32(SmallLinux::kVariables, 3);  // nr_cpu_ids
    small.put64(SmallLinux::kVariables + 0x310, area);
    small.put64(area + 0x10, SmallLinux::task(task));
    return small;
}

size_t cpus_of(const SmallLinux& small, std::vector<std::optional<guest::Execution>> vcpus = {}) {
    const Look look(small);
    return must(read_cpus(look.memory, look.symbols, &look.types, vcpus)).size();
}

START_TEST(a_cpu_that_is_off_and_idle_is_left_out) {
    ck_assert_uint_eq(cpus_of(with_third_cpu(0)), 2);
    SmallLinux online = with_third_cpu(0);
    online.put64(SmallLinux::kVariables + 0x200, 7);  // __cpu_online_mask
    ck_assert_uint_eq(cpus_of(online), 3);
    std::vector<std::optional<guest::Execution>> vcpus(1);
    vcpus[0].emplace().areas = {Gva{SmallLinux::kAreas + 0x2000}};
    ck_assert_uint_eq(cpus_of(with_third_cpu(0), vcpus), 3);
}
END_TEST

START_TEST(a_cpu_that_a_panic_stopped_keeps_its_task) {
    ck_assert_uint_eq(cpus_of(with_third_cpu(1)), 3);
}
END_TEST

START_TEST(a_number_of_cpus_that_cannot_be_is_refused) {
    for (const uint32_t count : {0u, kMostCpus + 1, UINT32_MAX}) {
        SmallLinux small;
        small.put32(SmallLinux::kVariables, count);
        const Look look(small);
        must_fail(read_cpus(look.memory, look.symbols, nullptr, {}), "CPUs, not 1 to 8192");
    }
}
END_TEST

}  // namespace

Suite* task_reader_suite() {
    return support::make_suite("task_reader",
                               {
                                   threads_of_all_processes_are_listed,
                                   a_name_of_sixteen_bytes_has_no_nul,
                                   states_have_the_letters_of_ps,
                                   a_process_without_signals_is_told_once,
                                   a_process_whose_threads_are_lost_does_not_hide_the_others,
                                   a_list_that_goes_around_ends,
                                   there_are_no_more_tasks_than_fit_memory,
                                   a_kernel_without_the_members_is_refused,
                                   cpus_are_those_whose_areas_the_vcpus_have,
                                   a_cpu_whose_area_is_lost_has_no_task,
                                   a_cpu_that_is_off_and_idle_is_left_out,
                                   a_cpu_that_a_panic_stopped_keeps_its_task,
                                   a_number_of_cpus_that_cannot_be_is_refused,
                               });
}

}  // namespace guestdump::linux_guest
