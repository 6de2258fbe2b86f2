// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/seeds.h"

#include <initializer_list>
#include "tests/linux/small_linux.h"

using namespace guestdump;

/// Writes what the fuzz target of looks into a kernel begins with: linux_view_seeds FOLDER.

namespace {

using linux_guest::SmallLinux;

/// Changes of a small kernel's memory: places and their new contents.
support::Bytes changes(std::initializer_list<std::pair<uint64_t, uint64_t>> list) {
    support::Bytes input;
    for (const auto& [place, value] : list) {
        support::put_le32(input, input.size(), static_cast<uint32_t>(place));
        support::put_le64(input, input.size(), value);
    }
    return input;
}

constexpr uint64_t kFirstTask = SmallLinux::kTasks + SmallLinux::kTaskSize;

}  // namespace

void fuzz::write_seeds(const std::filesystem::path& folder) {
    const std::pair<const char*, support::Bytes> seeds[] = {
        {"unchanged", changes({{0, 0}})},
        {"symbol_count", changes({{SmallLinux::kKallsyms + 0x600, 0x1fffff}})},
        {"token_index", changes({{SmallLinux::kKallsyms + 0x400, UINT64_MAX}})},
        {"type_count", changes({{SmallLinux::kBtf + 24 + 4, 0x8400ffff}})},
        {"log_head", changes({{SmallLinux::kLog + 0x100 + 24, UINT64_MAX}})},
        {"log_text", changes({{SmallLinux::kLog + 0x200 + 8, 0x3f8}})},
        {"task_loop", changes({{kFirstTask + 48, SmallLinux::task(1) + 48}})},
        {"thread_loop", changes({{kFirstTask + 80, SmallLinux::task(1) + 80}})},
        {"stack_pointer", changes({{kFirstTask + 128, SmallLinux::at(SmallLinux::kStacks)}})},
        {"orc", changes({{SmallLinux::kOrc + 0x800, 0x0305000000000000}})},
        {"cpu_count", changes({{SmallLinux::kVariables, 8192}})},
    };
    for (const auto& [name, bytes] : seeds) write_seed(folder / "linux_view" / name, bytes);
}
