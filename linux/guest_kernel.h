// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "guest/guest.h"
#include "linux/cached_memory.h"
#include "linux/kernel_memory.h"
#include "linux/symbols/code_names.h"
#include "linux/tasks/cpus.h"
#include "linux/tasks/task_reader.h"
#include "linux/types/btf.h"
#include "linux/unwind/unwinder.h"
#include "linux/vmcoreinfo.h"
#include "util/cancellation.h"

namespace guestdump::linux_guest {

/// The input of GuestKernel::open(). @memory and @cancellation must outlive the GuestKernel; the
/// rest must live until open() returns.
struct KernelScope {
    const guest::PageSource& memory;
    const guest::ArchDumpInfo& arch;
    std::span<const guest::Cpu> cpus;
    const Vmcoreinfo& vmcoreinfo;
    const util::Cancellation& cancellation;
    std::chrono::milliseconds limit{2000};  ///< for all reading, from open() on
};

/// The kernel of a Linux guest, read by means of its own symbols and types. Symbols, types and
/// tables are read when they are first needed, and kept. If a kernel does not have one of them, the
/// functions that need it return an error that says so. Pointers that functions return are valid as
/// long as this object. One thread.
class GuestKernel {
  public:
    /// Errors: those of KernelMemory::find().
    static Result<std::unique_ptr<GuestKernel>> open(const KernelScope& scope);

    /// The kernel's memory, with the time limit applied.
    const VirtualMemory& memory() const { return *cached_; }
    const Vmcoreinfo& vmcoreinfo() const { return vmcoreinfo_; }
    /// True if reading ended because of the time limit: the answers are incomplete.
    bool timed_out() const { return cached_->timed_out(); }

    /// The kernel's symbols. Errors: VMCOREINFO does not have the addresses of kallsyms (Linux
    /// before 6.0) and a search of the image does not find them; the symbols cannot be read.
    Result<const SymbolTable*> symbols();
    /// The kernel's types. Errors: those of symbols(); the kernel has no BTF, or it cannot be read.
    Result<const Btf*> types();
    /// The loaded modules. Empty if the kernel has no modules, or without symbols or types.
    const ModuleList& modules();
    /// Names of places in code. Errors: those of symbols().
    Result<const CodeNames*> names();
    /// The unwinder of kernel stacks. Errors: those of symbols().
    Result<const Unwinder*> unwinder();

    /// All tasks. Errors: those of types() and of TaskReader.
    Result<TaskList> tasks();
    /// The task whose task_struct is at @task_struct. Errors: as of tasks().
    Result<Task> task(guest::Gva task_struct);
    /// The kernel's CPUs. Errors: those of symbols() and of read_cpus().
    Result<const std::vector<KernelCpu>*> cpus();
    /// What vCPU number @vcpu, below vcpu_count(), was executing. Empty if its registers are not
    /// known.
    const std::optional<guest::Execution>& execution(size_t vcpu) const {
        return executions_[vcpu];
    }
    size_t vcpu_count() const { return executions_.size(); }

    /// The kernel stack of @task, whether it runs on one of cpus() or not; at most @most_frames
    /// frames. Errors: those of symbols() and of vcpu_stack().
    Result<Stack> stack(const Task& task, size_t most_frames = kMostFrames);
    /// The kernel stack of a vCPU. Errors: those of symbols(); its registers are not known.
    Result<Stack> vcpu_stack(size_t vcpu, size_t most_frames = kMostFrames);

  private:
    class Translated;

    GuestKernel(const KernelScope& scope, KernelMemory memory);
    Result<const TaskReader*> task_reader();
    void index_cpus(const std::vector<KernelCpu>& cpus);

    KernelMemory kernel_;
    Vmcoreinfo vmcoreinfo_;
    uint64_t memory_size_;
    std::vector<std::optional<guest::Execution>> executions_;
    std::unique_ptr<VirtualMemory> translated_;
    std::unique_ptr<CachedMemory> cached_;

    std::optional<Result<SymbolTable>> symbols_;
    std::optional<Result<Btf>> types_;
    std::optional<ModuleList> modules_;
    std::optional<CodeNames> names_;
    std::optional<Unwinder> unwinder_;
    std::optional<Result<TaskReader>> task_reader_;
    std::optional<Result<std::vector<KernelCpu>>> cpus_;
    /// The element of cpus_ that executes a task, by the address of its task_struct. There may be
    /// millions of tasks and thousands of CPUs, so cpus_ is not searched for each task.
    std::unordered_map<uint64_t, const KernelCpu*> cpu_of_task_;
};

}  // namespace guestdump::linux_guest
