// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/state/kernel_state.h"

#include "linux/state/memory_use.h"
#include "linux/types/struct_members.h"

namespace guestdump::linux_guest {
namespace {

using guest::Gva;

constexpr size_t kMostCommandLine = 4096;  ///< COMMAND_LINE_SIZE is 2048 [linux asm/setup.h]
constexpr uint32_t kNoCpu = UINT32_MAX;    ///< PANIC_CPU_INVALID [linux kernel/panic.c]
constexpr double kLoadOne = 2048;          ///< FIXED_1 [linux include/linux/sched/loadavg.h]

template <class T>
std::optional<T> value(const Result<T>& result) {
    return result ? std::optional(*result) : std::nullopt;
}

/// Reads variables by name.
class Variables {
  public:
    Variables(const VirtualMemory& memory, const SymbolTable& symbols)
        : memory_(memory), symbols_(symbols) {}

    bool has(const char* name) const { return symbols_.address_of(name).has_value(); }
    std::optional<uint64_t> u64(const char* name, uint64_t offset = 0) const {
        const auto at = symbols_.address_of(name);
        return at ? value(read_u64(memory_, Gva{at->value + offset})) : std::nullopt;
    }
    std::optional<uint32_t> u32(const char* name) const {
        const auto at = symbols_.address_of(name);
        return at ? value(read_u32(memory_, *at)) : std::nullopt;
    }

  private:
    const VirtualMemory& memory_;
    const SymbolTable& symbols_;
};

std::optional<std::string> command_line(const VirtualMemory& memory, const Variables& variables) {
    const auto pointer = variables.u64("saved_command_line");
    return pointer ? value(read_string(memory, Gva{*pointer}, kMostCommandLine)) : std::nullopt;
}

/// Reads uptime and time from tk_core, which is a sequence counter and a struct timekeeper. Its
/// type has a name, tk_data, since Linux 6.13; it is the first element of timekeeper_data in newer
/// kernels.
void read_clock(const Variables& variables, const Btf& types, KernelState& state) {
    const auto named = types.member("tk_data", "timekeeper");
    const uint64_t timekeeper = named ? named->offset : 8;
    const auto uptime = types.member("timekeeper", "ktime_sec");
    const auto time = types.member("timekeeper", "xtime_sec");
    const char* const name = variables.has("tk_core") ? "tk_core" : "timekeeper_data";
    if (uptime) state.uptime = variables.u64(name, timekeeper + uptime->offset);
    const auto now = time ? variables.u64(name, timekeeper + time->offset) : std::nullopt;
    if (now) state.time = static_cast<int64_t>(*now);
}

std::optional<std::array<double, 3>> load(const Variables& variables) {
    std::array<double, 3> averages{};
    for (size_t i = 0; i < averages.size(); ++i) {
        const auto fixed = variables.u64("avenrun", 8 * i);
        if (!fixed) return std::nullopt;
        averages[i] = static_cast<double>(*fixed) / kLoadOne;
    }
    return averages;
}

}  // namespace

std::optional<uint32_t> panic_cpu(const VirtualMemory& memory, const SymbolTable& symbols) {
    const auto cpu = Variables(memory, symbols).u32("panic_cpu");
    return cpu && *cpu != kNoCpu ? cpu : std::nullopt;
}

KernelState read_kernel_state(const VirtualMemory& memory, const SymbolTable& symbols,
                              const Btf* types) {
    const Variables variables(memory, symbols);
    KernelState state;
    state.command_line = command_line(memory, variables);
    state.load = load(variables);
    state.taint = variables.u64("tainted_mask");
    state.panic_cpu = panic_cpu(memory, symbols);
    if (types) {
        read_clock(variables, *types, state);
        state.memory = read_memory_use(memory, symbols, *types);
    }
    return state;
}

std::string taint_letters(uint64_t taint) {
    static constexpr std::string_view kLetters = "PFSRMBUDAWCIOELKXTNJ";
    std::string letters;
    for (size_t bit = 0; bit < kLetters.size(); ++bit) {
        if (taint >> bit & 1) letters += kLetters[bit];
    }
    return letters;
}

}  // namespace guestdump::linux_guest
