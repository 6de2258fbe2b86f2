// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/guest_kernel.h"

#include "linux/symbols/kallsyms_search.h"

namespace guestdump::linux_guest {
namespace {

using guest::Gva;

/// A pointer to the value in @result, or a copy of its error. The pointer is valid as long as
/// @result.
template <class T>
Result<const T*> kept(const std::optional<Result<T>>& result) {
    if (!*result) return Error::make("%s", result->error().message().c_str());
    return &**result;
}

/// By VMCOREINFO, or by a search of the kernel's image.
Result<KallsymsTables> find_tables(const VirtualMemory& memory, const Vmcoreinfo& vmcoreinfo) {
    auto tables = KallsymsTables::of(vmcoreinfo);
    const auto stext = vmcoreinfo.symbol("_stext");
    if (tables || !stext) return tables;
    auto found = find_kallsyms(memory, Gva{*stext});
    if (found) return found;
    return Error::make("%s, and %s", tables.error().message().c_str(),
                       found.error().message().c_str());
}

Result<Btf> read_types(const VirtualMemory& memory, const SymbolTable& symbols) {
    const auto begin = symbols.address_of("__start_BTF"), end = symbols.address_of("__stop_BTF");
    if (!begin || !end || *end <= *begin) return Error::make("there is no BTF in this kernel");
    return Btf::read(memory, *begin, end->value - begin->value);
}

}  // namespace

/// VirtualMemory by a KernelReader. KernelReader::read() is not const, because it remembers
/// translations; VirtualMemory::read() is.
class GuestKernel::Translated final : public VirtualMemory {
  public:
    explicit Translated(const KernelMemory& kernel) : reader_(kernel) {}

    Result<> read(Gva from, std::span<std::byte> out) const override {
        return reader_.read(from, out);
    }

  private:
    mutable KernelReader reader_;
};

Result<std::unique_ptr<GuestKernel>> GuestKernel::open(const KernelScope& scope) {
    auto memory = TRY(KernelMemory::find(scope.vmcoreinfo, scope.arch, scope.cpus, scope.memory));
    return std::unique_ptr<GuestKernel>(new GuestKernel(scope, std::move(memory)));
}

GuestKernel::GuestKernel(const KernelScope& scope, KernelMemory memory)
    : kernel_(std::move(memory)),
      vmcoreinfo_(scope.vmcoreinfo),
      memory_size_(scope.memory.blocks().total_bytes()),
      translated_(std::make_unique<Translated>(kernel_)),
      cached_(std::make_unique<CachedMemory>(*translated_, scope.cancellation, scope.limit)) {
    for (const guest::Cpu& cpu : scope.cpus) executions_.push_back(cpu.execution());
}

Result<const SymbolTable*> GuestKernel::symbols() {
    if (!symbols_) {
        const auto tables = find_tables(memory(), vmcoreinfo_);
        if (tables)
            symbols_ = read_kallsyms(memory(), *tables);
        else
            symbols_ = Error::make("the symbols of this kernel are not found: %s",
                                   tables.error().message().c_str());
    }
    return kept(symbols_);
}

Result<const Btf*> GuestKernel::types() {
    const SymbolTable* const table = TRY(symbols());
    if (!types_) types_ = read_types(memory(), *table);
    return kept(types_);
}

const ModuleList& GuestKernel::modules() {
    if (modules_) return *modules_;
    modules_.emplace();
    const auto table = symbols();
    const auto layouts = types();
    // A kernel that was built without support for modules has no list of them.
    if (!table || !layouts || !(*table)->address_of("modules")) return *modules_;
    auto list = read_modules(memory(), **table, **layouts);
    if (list)
        *modules_ = std::move(list).take();
    else
        modules_->incomplete = list.error().message();
    return *modules_;
}

Result<const CodeNames*> GuestKernel::names() {
    const SymbolTable* const table = TRY(symbols());
    if (!names_) names_.emplace(memory(), *table, &modules());
    return &*names_;
}

Result<const Unwinder*> GuestKernel::unwinder() {
    const SymbolTable* const table = TRY(symbols());
    const CodeNames* const code = TRY(names());
    const auto layouts = types();
    if (!unwinder_) {
        unwinder_.emplace(memory(), *table, layouts ? *layouts : nullptr, &modules(), *code);
    }
    return &*unwinder_;
}

Result<const TaskReader*> GuestKernel::task_reader() {
    const Btf* const layouts = TRY(types());
    if (!task_reader_) task_reader_.emplace(TaskReader::make(memory(), *layouts));
    return kept(task_reader_);
}

Result<TaskList> GuestKernel::tasks() {
    const TaskReader* const reader = TRY(task_reader());
    const SymbolTable* const table = TRY(symbols());
    return reader->list(*table, memory_size_);
}

Result<Task> GuestKernel::task(Gva task_struct) {
    const TaskReader* const reader = TRY(task_reader());
    return reader->read(task_struct);
}

Result<const std::vector<KernelCpu>*> GuestKernel::cpus() {
    const SymbolTable* const table = TRY(symbols());
    const auto layouts = types();
    if (!cpus_) {
        cpus_ = read_cpus(memory(), *table, layouts ? *layouts : nullptr, executions_);
        if (*cpus_) index_cpus(**cpus_);
    }
    return kept(cpus_);
}

/// Fills cpu_of_task_. If two CPUs claim to execute a task, the first one is taken.
void GuestKernel::index_cpus(const std::vector<KernelCpu>& cpus) {
    for (const KernelCpu& cpu : cpus) {
        if (cpu.current) cpu_of_task_.try_emplace(cpu.current->value, &cpu);
    }
}

Result<Stack> GuestKernel::stack(const Task& task, size_t most_frames) {
    const Unwinder* const walker = TRY(unwinder());
    static_cast<void>(cpus());  // fills cpu_of_task_; without CPUs, no task is known to run
    const auto found = cpu_of_task_.find(task.address.value);
    if (found == cpu_of_task_.end()) return walker->sleeping(task, most_frames);
    const KernelCpu& cpu = *found->second;
    if (cpu.vcpu) return vcpu_stack(*cpu.vcpu, most_frames);
    Stack stack;
    stack.incomplete =
        "it runs on CPU " + std::to_string(cpu.number) + ", and no vCPU's registers show where";
    return stack;
}

Result<Stack> GuestKernel::vcpu_stack(size_t vcpu, size_t most_frames) {
    const Unwinder* const walker = TRY(unwinder());
    if (executions_[vcpu]) return walker->running(*executions_[vcpu], most_frames);
    return Error::make("the registers of vCPU %zu are not known", vcpu);
}

}  // namespace guestdump::linux_guest
